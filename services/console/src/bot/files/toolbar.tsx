import { ActionIcon, Breadcrumbs, Button, FileButton, Group, Menu, Anchor, Text, Tooltip } from '@mantine/core';
import { IconDownload, IconFilePlus, IconFolderPlus, IconPlus, IconRefresh, IconUpload } from '@tabler/icons-react';
import { useRef } from 'react';
import { Link } from 'wouter';
import { addressOf } from './address';
import { shownName, wayTo } from './path';

/** Where one is, and what can be done there. */
export function Toolbar({
  botId,
  path,
  refreshing,
  onUpload,
  onNew,
  onDownload,
  onRefresh,
}: {
  botId: string;
  path: string;
  refreshing: boolean;
  onUpload: (files: File[]) => void;
  onNew: (kind: 'file' | 'folder') => void;
  /** Null where this directory cannot be had as a tar. */
  onDownload: (() => void) | null;
  onRefresh: () => void;
}) {
  const forget = useRef<() => void>(null);
  return (
    <Group justify="space-between">
      <Way botId={botId} path={path} />
      <Group gap="xs">
        <Tooltip label="Read it again">
          <ActionIcon variant="default" size="lg" aria-label="Read it again" loading={refreshing} onClick={onRefresh}>
            <IconRefresh size={18} />
          </ActionIcon>
        </Tooltip>
        {onDownload && (
          <Tooltip label="Download this folder as tar">
            <ActionIcon variant="default" size="lg" aria-label="Download this folder as tar" onClick={onDownload}>
              <IconDownload size={18} />
            </ActionIcon>
          </Tooltip>
        )}
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="default" leftSection={<IconPlus size={16} />}>
              New
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconFilePlus size={16} />} onClick={() => onNew('file')}>
              New file
            </Menu.Item>
            <Menu.Item leftSection={<IconFolderPlus size={16} />} onClick={() => onNew('folder')}>
              New folder
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
        <FileButton
          multiple
          resetRef={forget}
          inputProps={{ 'aria-label': 'Files to upload' }}
          onChange={(files) => {
            onUpload(files);
            // The same files can be chosen again.
            forget.current?.();
          }}
        >
          {(props) => (
            <Button {...props} leftSection={<IconUpload size={16} />}>
              Upload
            </Button>
          )}
        </FileButton>
      </Group>
    </Group>
  );
}

function Way({ botId, path }: { botId: string; path: string }) {
  const way = wayTo(path);
  return (
    <Breadcrumbs
      component="nav"
      aria-label="Path"
      separator="›"
      separatorMargin={6}
      styles={{ root: { flexWrap: 'wrap' }, breadcrumb: { whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' } }}
    >
      {way.map((step, index) =>
        index === way.length - 1 ? (
          <Text key={step.path} fw={600} aria-current="page" className="mono">
            {shownName(step.name)}
          </Text>
        ) : (
          <Anchor key={step.path} component={Link} href={addressOf(botId, step.path)} className="mono">
            {shownName(step.name)}
          </Anchor>
        ),
      )}
    </Breadcrumbs>
  );
}
