import type { TreeRow } from './tree';

/** The lines of the tree beside one row: each row draws its part, and together they are the whole. */
export function Gutter({ row }: { row: TreeRow }) {
  const { column, passing, above, hangs, snapshot } = row;
  const at = (index: number): string => `calc(var(--tree-column) * ${index} + var(--tree-middle))`;
  return (
    <div className="tree-gutter" aria-hidden style={{ width: `calc(var(--tree-column) * ${column + 1})` }}>
      {passing.map((index) => (
        <span key={index} className="tree-line" style={{ left: at(index) }} />
      ))}
      {above && <span className="tree-line tree-above" style={{ left: at(column) }} />}
      {hangs === 'straight' && <span className="tree-line tree-below" style={{ left: at(column) }} />}
      {hangs === 'bend' && <span className="tree-bend" style={{ left: at(column - 1) }} />}
      <span
        className="tree-dot"
        data-status={snapshot.status}
        data-current={snapshot.current || undefined}
        style={{ left: at(column) }}
      />
    </div>
  );
}
