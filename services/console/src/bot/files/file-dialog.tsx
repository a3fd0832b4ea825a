import { Button, Modal, Stack, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useSession } from '../../session/session';
import { Confirm } from '../../ui/confirm';
import { bytes } from '../../ui/format';
import { Loaded } from '../../ui/loading';
import { contentOf, type Content } from './content';
import { nameOf, shownName } from './path';
import { TextEditor } from './text-editor';

/** A file that is open. With changes that are not saved it closes only when it is told to. */
export function FileDialog({
  botId,
  path,
  dirty,
  left,
  onDirty,
  onSaved,
  onDownload,
  onStay,
  onClose,
}: {
  botId: string;
  path: string;
  dirty: boolean;
  /** Whether the address has gone elsewhere, as the browser's Back does. */
  left: boolean;
  onDirty: (dirty: boolean) => void;
  onSaved: () => void;
  onDownload: (size: number) => void;
  onStay: () => void;
  onClose: () => void;
}) {
  const { client } = useSession();
  const isNarrow = useMediaQuery('(max-width: 48em)') ?? false;
  const [asking, setAsking] = useState(false);
  const query = useQuery({
    queryKey: ['file-content', botId, path],
    queryFn: ({ signal }) => contentOf(client, botId, path, signal),
    // Read once for each opening, whatever happens: nothing may change beneath what is being typed.
    enabled: ({ state }) => state.data === undefined,
    gcTime: 0,
  });
  useEffect(() => {
    if (!dirty) return;
    const hold = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener('beforeunload', hold);
    return () => removeEventListener('beforeunload', hold);
  }, [dirty]);
  const close = (): void => (dirty ? setAsking(true) : onClose());
  const stay = (): void => {
    setAsking(false);
    if (left) onStay();
  };
  return (
    <>
      <Modal
        opened
        onClose={close}
        size="70rem"
        fullScreen={isNarrow}
        title={shownName(path)}
        closeButtonProps={{ 'aria-label': 'Close' }}
        classNames={{ title: 'mono' }}
        // Clicking beside it while typing is no wish to close.
        closeOnClickOutside={!dirty}
      >
        <Loaded query={query}>
          {(content) =>
            content.kind === 'text' ? (
              <TextEditor
                key={query.dataUpdatedAt}
                botId={botId}
                path={path}
                text={content.text}
                modified={content.modified}
                onDirty={onDirty}
                onSaved={onSaved}
                onReload={() => {
                  onDirty(false);
                  void query.refetch();
                }}
              />
            ) : (
              <Shown path={path} content={content} onDownload={onDownload} />
            )
          }
        </Loaded>
      </Modal>
      {(asking || (left && dirty)) && (
        <Confirm
          title="Leave without saving?"
          action="Discard changes"
          keep="Keep editing"
          onConfirm={async () => onClose()}
          onClose={stay}
        >
          <Text size="sm">What you have changed in {shownName(nameOf(path))} is not saved, and is lost then.</Text>
        </Confirm>
      )}
    </>
  );
}

function Shown({
  path,
  content,
  onDownload,
}: {
  path: string;
  content: Exclude<Content, { kind: 'text' }>;
  onDownload: (size: number) => void;
}) {
  const { size } = content;
  return (
    <Stack align="center" gap="sm" py="sm">
      {content.kind === 'image' ? (
        <Image url={content.url} name={shownName(nameOf(path))} />
      ) : (
        <Text>
          {content.kind === 'large'
            ? 'It is too large to be shown here. Download it, or look at parts of it in the terminal.'
            : 'It is no text, and cannot be edited here.'}
        </Text>
      )}
      <Button variant="default" leftSection={<IconDownload size={16} />} onClick={() => onDownload(size)}>
        Download, {bytes(size)}
      </Button>
    </Stack>
  );
}

function Image({ url, name }: { url: string; name: string }) {
  const [broken, setBroken] = useState(false);
  if (broken) return <Text>It is named like an image, but cannot be shown as one.</Text>;
  return <img src={url} alt={name} className="preview" onError={() => setBroken(true)} />;
}
