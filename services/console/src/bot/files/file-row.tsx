import type { FileEntry } from '#client';
import { ActionIcon, Anchor, Menu, Text, Tooltip, UnstyledButton } from '@mantine/core';
import {
  IconCursorText,
  IconDots,
  IconDownload,
  IconFile,
  IconFileSymlink,
  IconFileUnknown,
  IconFolder,
  IconTrash,
} from '@tabler/icons-react';
import type { CSSProperties, ReactNode } from 'react';
import { Link } from 'wouter';
import { bytes } from '../../ui/format';
import { When } from '../../ui/when';
import { addressOf } from './address';
import { isReachable, joined, shownName } from './path';

export type Ask = 'follow' | 'download' | 'move' | 'delete';

const ICONS: Record<FileEntry['type'], ReactNode> = {
  file: <IconFile size={18} aria-label="File" />,
  directory: <IconFolder size={18} aria-label="Folder" />,
  symlink: <IconFileSymlink size={18} aria-label="Link" />,
  other: <IconFileUnknown size={18} aria-label="Neither file nor folder" />,
};

/** One entry of a directory. */
export function FileRow({
  botId,
  directory,
  entry,
  rowIndex,
  style,
  onAsk,
}: {
  botId: string;
  directory: string;
  entry: FileEntry;
  rowIndex: number;
  style: CSSProperties;
  onAsk: (ask: Ask) => void;
}) {
  const { name, type, size, mode, modifiedAt, target } = entry;
  const shown = shownName(name);
  return (
    <div role="row" aria-rowindex={rowIndex} className="files-row" style={style} data-file={name} data-type={type}>
      <div role="cell" className="files-name">
        <span className={`files-icon files-${type}`}>{ICONS[type]}</span>
        <span className="files-text" title={target === undefined ? shown : `${shown} → ${shownName(target)}`}>
          <Name botId={botId} directory={directory} entry={entry} onFollow={() => onAsk('follow')} />
          {target !== undefined && <span className="quiet"> → {shownName(target)}</span>}
        </span>
      </div>
      <div role="cell" className="files-size">
        {type === 'file' ? bytes(size) : '–'}
      </div>
      <div role="cell" className="files-mode mono">
        {mode}
      </div>
      <div role="cell" className="files-when">
        <When at={modifiedAt} />
      </div>
      <div role="cell">{isReachable(name) && <RowMenu type={type} shown={shown} onAsk={onAsk} />}</div>
    </div>
  );
}

function Name({
  botId,
  directory,
  entry: { name, type },
  onFollow,
}: {
  botId: string;
  directory: string;
  entry: FileEntry;
  onFollow: () => void;
}) {
  const shown = shownName(name);
  if (!isReachable(name)) {
    return (
      <Tooltip label="Its name is no UTF-8: use the terminal for it.">
        <Text component="span" inherit>
          {shown}
        </Text>
      </Tooltip>
    );
  }
  switch (type) {
    case 'directory':
      return (
        <Anchor component={Link} href={addressOf(botId, joined(directory, name))} inherit fw={600}>
          {shown}
        </Anchor>
      );
    case 'file':
      return (
        <Anchor component={Link} href={addressOf(botId, directory, name)} inherit>
          {shown}
        </Anchor>
      );
    case 'symlink':
      // Whether it leads to a file or a folder is known only when it is followed.
      return (
        <UnstyledButton className="files-follow" onClick={onFollow}>
          {shown}
        </UnstyledButton>
      );
    case 'other':
      return <>{shown}</>;
  }
}

function RowMenu({ type, shown, onAsk }: { type: FileEntry['type']; shown: string; onAsk: (ask: Ask) => void }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${shown}`}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {(type === 'file' || type === 'directory') && (
          <Menu.Item leftSection={<IconDownload size={16} />} onClick={() => onAsk('download')}>
            {type === 'file' ? 'Download' : 'Download as tar'}
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconCursorText size={16} />} onClick={() => onAsk('move')}>
          Rename or move
        </Menu.Item>
        <Menu.Item leftSection={<IconTrash size={16} />} color="red" onClick={() => onAsk('delete')}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
