import type { ReactNode } from 'react';
import './rows.css';

/** A list of things of one kind; what stands in its rows, and where, is up to `rows.css`. */
export function Rows({ kind, label, children }: { kind: string; label: string; children: ReactNode }) {
  return (
    <ul className={`rows rows-${kind}`} aria-label={label}>
      {children}
    </ul>
  );
}
