import type { ReactNode } from 'react';

/** Preformatted text that scrolls, and so must be reachable with the keyboard. */
export function ScrollPre({ className, children }: { className?: string | undefined; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <pre className={className} tabIndex={0}>
      {children}
    </pre>
  );
}
