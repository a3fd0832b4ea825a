import { FitAddon } from '@xterm/addon-fit';
import { Terminal as Xterm, type ITheme } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';

const THEMES: Record<'light' | 'dark', ITheme> = {
  light: {
    background: '#ffffff',
    foreground: '#1f2328',
    cursor: '#1f2328',
    cursorAccent: '#ffffff',
    selectionBackground: '#a5d8ff',
    scrollbarSliderBackground: '#00000055',
  },
  dark: {
    background: '#141414',
    foreground: '#d8dee4',
    cursor: '#d8dee4',
    cursorAccent: '#141414',
    selectionBackground: '#1c4f75',
    scrollbarSliderBackground: '#ffffff55',
  },
};
const SCROLLBACK_LINES = 5_000;

/** What a terminal shows and takes. It is kept, with all that it has shown, while it is not on the page. */
export class Screen {
  readonly #host = document.createElement('div');
  readonly #xterm: Xterm;
  readonly #fit = new FitAddon();
  /** Asked to leave by keyboard. */
  onLeave: () => void = () => undefined;

  constructor(name: string) {
    this.#host.className = 'screen-host';
    this.#xterm = new Xterm({
      cursorBlink: true,
      fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
      fontSize: 14,
      scrollback: SCROLLBACK_LINES,
      // Programs choose colours for a background that is not always this one.
      minimumContrastRatio: 4.5,
      macOptionIsMeta: true,
    });
    this.#xterm.loadAddon(this.#fit);
    this.#xterm.attachCustomKeyEventHandler((event) => this.#takes(event));
    this.#name = name;
  }
  readonly #name: string;

  get size(): { cols: number; rows: number } {
    return { cols: this.#xterm.cols, rows: this.#xterm.rows };
  }

  attach(parent: HTMLElement): void {
    parent.append(this.#host);
    if (!this.#xterm.element) this.#xterm.open(this.#host);
    this.#xterm.textarea?.setAttribute('aria-label', `${this.#name}. Shift+F6 leaves it.`);
    this.fit();
  }

  detach(): void {
    this.#host.remove();
  }

  /** As many columns and rows as there is room for. */
  fit(): void {
    if (this.#host.isConnected && this.#host.clientWidth > 0) this.#fit.fit();
  }

  focus(): void {
    this.#xterm.focus();
  }

  paint(scheme: 'light' | 'dark', forReader: boolean): void {
    this.#xterm.options.theme = THEMES[scheme];
    this.#xterm.options.screenReaderMode = forReader;
  }

  write(data: string, shown: () => void): void {
    this.#xterm.write(data, shown);
  }

  /** No longer takes anything: the program is over. */
  end(): void {
    this.#xterm.options.disableStdin = true;
    this.#xterm.options.cursorBlink = false;
  }

  onTyped(take: (data: string) => void): void {
    this.#xterm.onData(take);
    this.#xterm.onBinary(take);
  }

  onResize(take: (size: { cols: number; rows: number }) => void): void {
    this.#xterm.onResize(take);
  }

  get selected(): string {
    return this.#xterm.getSelection();
  }

  dispose(): void {
    this.#xterm.dispose();
    this.#host.remove();
  }

  /** False: not for the program. */
  #takes(event: KeyboardEvent): boolean {
    const { key, ctrlKey, shiftKey, type } = event;
    if (key === 'F6' && shiftKey) {
      event.preventDefault();
      if (type === 'keydown') this.onLeave();
      return false;
    }
    // The browser pastes by itself.
    if (ctrlKey && shiftKey && key.toLowerCase() === 'v') return false;
    const copies = ctrlKey && key.toLowerCase() === 'c' && this.#xterm.hasSelection();
    if (!copies && !(ctrlKey && shiftKey && key.toLowerCase() === 'c')) return true;
    event.preventDefault();
    if (type === 'keydown' && this.#xterm.hasSelection()) {
      copy(this.#xterm.getSelection());
      this.#xterm.clearSelection();
    }
    return false;
  }
}

/** The clipboard's own interface is there in secure contexts alone; a page in a local network may not be one. */
function copy(text: string): void {
  const { clipboard } = navigator as { clipboard?: Clipboard };
  if (clipboard) return void clipboard.writeText(text).catch(() => copyByHand(text));
  copyByHand(text);
}

function copyByHand(text: string): void {
  const put = (event: ClipboardEvent): void => {
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.addEventListener('copy', put, { capture: true, once: true });
  document.execCommand('copy');
  document.removeEventListener('copy', put, { capture: true });
}
