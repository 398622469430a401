// The drawing of a chart: it keeps uPlot's state in step with React's. Loaded lazily.
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { onPoint } from './cursor';
import { type Drawing, draw, type Handlers, shapeOf } from './plot';

interface Props extends Handlers {
  drawing: Drawing;
}

export default function Plot({ drawing, zoom, hover }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const handlers = useRef({ zoom, hover });
  handlers.current = { zoom, hover };
  const latest = useRef(drawing);
  latest.current = drawing;
  const drawn = useRef<ReturnType<typeof draw> | null>(null);
  const shape = `${useComputedColorScheme('light')} ${shapeOf(drawing)}`;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a drawing of another shape is made anew
  useEffect(() => {
    const d = draw(box.current!, latest.current, {
      zoom: (from, to) => handlers.current.zoom(from, to),
      hover: (i, left) => handlers.current.hover(i, left),
    });
    drawn.current = d;
    const quit = onPoint((ms, source) => source !== d.source && d.follow(ms));
    return () => {
      quit();
      drawn.current = null;
      d.destroy();
    };
  }, [shape]);

  useEffect(() => drawn.current?.update(drawing), [drawing]);

  return <div ref={box} style={{ height: drawing.height }} />;
}
