import { createContext, useContext, useEffect, useMemo, useSyncExternalStore } from 'react';
import type { Shell } from './shell';

export interface ShellsShown {
  list: Shell[];
  active: Shell | null;
}

/** The terminals of one bot's page: they live as long as the page, whichever of its tabs is shown. */
export class Shells {
  #shown: ShellsShown = { list: [], active: null };
  #count = 0;
  readonly #listeners = new Set<() => void>();

  get shown(): ShellsShown {
    return this.#shown;
  }

  /** Whether there has been one; the first is opened by itself. */
  get hasBegun(): boolean {
    return this.#count > 0;
  }

  /** Makes the next one, and shows it. */
  add(make: (id: string, name: string) => Shell): void {
    this.#count += 1;
    const shell = make(`terminal-${this.#count}`, `Terminal ${this.#count}`);
    shell.onChange = () => this.#tell({ ...this.#shown });
    this.#tell({ list: [...this.#shown.list, shell], active: shell });
  }

  show(id: string): void {
    const active = this.#shown.list.find((shell) => shell.id === id);
    if (active) this.#tell({ ...this.#shown, active });
  }

  close(shell: Shell): void {
    const at = this.#shown.list.indexOf(shell);
    const list = this.#shown.list.filter((other) => other !== shell);
    const active = this.#shown.active === shell ? (list[Math.min(at, list.length - 1)] ?? null) : this.#shown.active;
    this.#tell({ list, active });
    shell.close();
  }

  closeAll(): void {
    for (const shell of this.#shown.list) shell.close();
    this.#shown = { list: [], active: null };
    this.#count = 0;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #tell(shown: ShellsShown): void {
    this.#shown = shown;
    for (const listener of this.#listeners) listener();
  }
}

export const ShellsContext = createContext<Shells | null>(null);

/** For the bot's page: those of this bot, ended when the page is left. */
export function usePageShells(): Shells {
  const shells = useMemo(() => new Shells(), []);
  useEffect(() => () => shells.closeAll(), [shells]);
  return shells;
}

export function useShells(): { shells: Shells; shown: ShellsShown } {
  const shells = useContext(ShellsContext);
  if (!shells) throw new Error('terminals belong to a bot’s page');
  const shown = useSyncExternalStore(shells.subscribe, () => shells.shown);
  return { shells, shown };
}
