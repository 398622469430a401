import { useT } from '~/i18n';
import { Dialog } from '~/ui/Dialog';
import classes from './shell.module.css';

export function HelpDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const keys: [string[], string][] = [
    [['Ctrl K', '⌘ K'], t.help.palette],
    [['/'], t.help.filter],
    [['j', 'k'], t.help.rows],
    [['Enter'], t.help.open],
    [['Esc'], t.help.close],
    [['t'], t.help.time],
    [['e'], t.help.env],
    [['←', '→'], t.help.fold],
    [['?'], t.help.help],
  ];
  return (
    <Dialog opened onClose={onClose} title={t.help.title} size="md">
      <table className={classes.keys}>
        <tbody>
          {keys.map(([ks, text]) => (
            <tr key={text}>
              <td>
                {ks.map((k, i) => (
                  <span key={k}>
                    {i > 0 && ' / '}
                    <kbd className={classes.kbd}>{k}</kbd>
                  </span>
                ))}
              </td>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <h3 style={{ fontSize: '0.875rem', margin: '16px 0 4px' }}>{t.help.filterTitle}</h3>
      <table className={classes.keys}>
        <tbody>
          {t.help.filterExamples.map(([code, text]) => (
            <tr key={code}>
              <td className="mono">{code}</td>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}
