import { type PointerEvent, useState } from 'react';
import { useI18n } from '~/i18n';
import { duration } from '~/lib/format';
import { durationTicks, place, type View } from '~/lib/waterfall';
import { useWidth } from '~/ui/useWidth';
import classes from './trace.module.css';

/** The time axis over the bars, with lines down through the rows. Dragging zooms. */
export function Axis({ view, total, onView }: { view: View; total: number; onView: (v: View) => void }) {
  const { t, lang } = useI18n();
  const [ref, width] = useWidth<HTMLDivElement>();
  const [drag, setDrag] = useState<View | null>(null);
  const ticks = durationTicks(view, Math.max(2, Math.floor(width / 110)));
  const at = (e: PointerEvent) => {
    const box = e.currentTarget.getBoundingClientRect();
    return (
      view.from + (Math.min(Math.max(e.clientX - box.left, 0), box.width) / box.width) * (view.to - view.from)
    );
  };
  const marked = drag && place(Math.min(drag.from, drag.to), Math.max(drag.from, drag.to), view);
  return (
    <div className={classes.axis}>
      <div className={classes.axisName}>{t.trace.name}</div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: zooming is also on the wheel and in the minimap */}
      <div
        ref={ref}
        className={classes.axisTime}
        onPointerDown={(e) => {
          e.currentTarget.setPointerCapture(e.pointerId);
          setDrag({ from: at(e), to: at(e) });
        }}
        onPointerMove={(e) => drag && setDrag({ from: drag.from, to: at(e) })}
        onPointerUp={() => {
          if (drag) {
            const from = Math.min(drag.from, drag.to);
            const to = Math.max(drag.from, drag.to);
            if ((to - from) / (view.to - view.from) > 0.005) onView({ from, to });
          }
          setDrag(null);
        }}
        onDoubleClick={() => onView({ from: 0, to: total })}
      >
        {ticks.map((ns) => {
          const p = place(ns, ns, view);
          if (!p) return null;
          return (
            <span
              key={ns}
              className={classes.tick}
              data-last={p.left > 0.94}
              style={{ left: `${p.left * 100}%` }}
            >
              <span>{duration(ns, lang)}</span>
            </span>
          );
        })}
        {marked && (
          <div
            className={classes.dragging}
            style={{ left: `${marked.left * 100}%`, width: `${marked.width * 100}%` }}
          />
        )}
      </div>
    </div>
  );
}
