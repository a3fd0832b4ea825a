import type { FileEntry } from '#client';
import { Paper, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, useState, useMemo } from 'react';
import { FileRow, type Ask } from './file-row';
import { ordered, type SortBy } from './order';
import type { Directory } from './use-directory';
import './files.css';

const ROW = { wide: 40, narrow: 56 };

/** Only the rows in sight are there: thousands scroll as tens do. */
export function FileTable({
  botId,
  directory,
  onAsk,
}: {
  botId: string;
  directory: Directory;
  onAsk: (ask: Ask, entry: FileEntry) => void;
}) {
  const [{ by, descending }, setSort] = useState<{ by: SortBy; descending: boolean }>({
    by: 'name',
    descending: false,
  });
  const box = useRef<HTMLDivElement>(null);
  const isNarrow = useMediaQuery('(max-width: 48em)') ?? false;
  const entries = useMemo(() => ordered(directory.entries, by, descending), [directory, by, descending]);
  const size = isNarrow ? ROW.narrow : ROW.wide;
  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement: () => box.current,
    estimateSize: () => size,
    getItemKey: (index) => entries[index]?.name ?? index,
    overscan: 12,
  });
  const heading = (column: SortBy, label: string, className: string) => (
    <div
      role="columnheader"
      className={className}
      aria-sort={column === by ? (descending ? 'descending' : 'ascending') : undefined}
    >
      <UnstyledButton
        className="files-heading"
        onClick={() => setSort({ by: column, descending: column === by && !descending })}
      >
        {label}
        {column === by && (descending ? <IconChevronDown size={14} /> : <IconChevronUp size={14} />)}
      </UnstyledButton>
    </div>
  );
  return (
    <Paper withBorder role="table" aria-label="Files" aria-rowcount={entries.length + 1} className="files">
      <div className="files-body" ref={box} role="presentation">
        <div role="rowgroup" className="files-heads">
          <div role="row" className="files-row files-head">
            {heading('name', 'Name', 'files-name')}
            {heading('size', 'Size', 'files-size')}
            <div role="columnheader" className="files-mode">
              Mode
            </div>
            {heading('modifiedAt', 'Changed', 'files-when')}
            <div role="columnheader">
              <VisuallyHidden>Actions</VisuallyHidden>
            </div>
          </div>
        </div>
        <div role="rowgroup" style={{ height: rows.getTotalSize(), position: 'relative' }}>
          {rows.getVirtualItems().map(({ index, start, key }) => {
            const entry = entries[index];
            return (
              entry && (
                <FileRow
                  key={key}
                  botId={botId}
                  directory={directory.path}
                  entry={entry}
                  rowIndex={index + 2}
                  style={{ position: 'absolute', insetInline: 0, top: start, height: size }}
                  onAsk={(ask) => onAsk(ask, entry)}
                />
              )
            );
          })}
        </div>
      </div>
    </Paper>
  );
}
