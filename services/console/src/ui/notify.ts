import { notifications } from '@mantine/notifications';
import { told } from './problem';

const CLOSE = { 'aria-label': 'Dismiss' };

export function notifyDone(message: string): void {
  notifications.show({ message, color: 'teal', closeButtonProps: CLOSE, autoClose: 4_000 });
}

/** Stays until it is read: it says what to do, and has the id to ask about. */
export function notifyFailed(what: string, error: unknown): void {
  const { title, detail, advice, requestId } = told(error);
  notifications.show({
    title: `${what}: ${title.replaceAll('_', ' ')}`,
    message: [detail, advice, requestId && `Request ${requestId}`].filter(Boolean).join(' '),
    color: 'red',
    closeButtonProps: CLOSE,
    autoClose: 15_000,
  });
}
