import { useEffect, useRef, useState } from 'react';
import { droppedFiles, type Dropped } from './dropped';

/** Files dropped anywhere on the page. Beside the mark they would be opened by the browser, and the page be gone. */
export function useDrop(onDrop: (files: Dropped[]) => void, onError: (error: unknown) => void): boolean {
  const [over, setOver] = useState(false);
  const handlers = useRef({ onDrop, onError });
  useEffect(() => {
    handlers.current = { onDrop, onError };
  });
  useEffect(() => {
    const isFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
    const hover = (event: DragEvent): void => {
      if (!isFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent): void => {
      // Between elements of the page there is always another one that is entered.
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent): void => {
      if (!isFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      setOver(false);
      const { onDrop: tell, onError: fail } = handlers.current;
      droppedFiles(event.dataTransfer).then(tell, fail);
    };
    addEventListener('dragover', hover);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', hover);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, []);
  return over;
}
