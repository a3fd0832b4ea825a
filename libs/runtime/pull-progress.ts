import type { PullProgress } from './port.js';

interface Layer {
  totalBytes: number | null;
  downloaded: number;
  extracted: number;
}

/** Lines of the engine's pull stream, as far as they are used. */
export interface PullLine {
  id?: string;
  status?: string;
  progressDetail?: { current?: number; total?: number };
  error?: string;
  errorDetail?: { message?: string };
}

/**
 * Sums the bytes of all layers, downloaded and extracted, to one percentage that never goes back. Layers whose size is
 * not known yet count as the mean of the others.
 */
export class PullTracker {
  private readonly layers = new Map<string, Layer>();
  private shown: number | null = null;

  /** Takes a line in; returns the progress where it changed. */
  update(line: PullLine): PullProgress | null {
    if (line.id === undefined || line.status === undefined) return null;
    const layer = this.layers.get(line.id) ?? { totalBytes: null, downloaded: 0, extracted: 0 };
    if (!applyStatus(layer, line)) return null;
    this.layers.set(line.id, layer);
    const percent = this.percent();
    if (percent === this.shown && percent !== null) return null;
    this.shown = percent;
    return { percent, detail: `${line.status} ${line.id}` };
  }

  private percent(): number | null {
    const sized = [...this.layers.values()].filter((layer) => layer.totalBytes !== null);
    if (sized.length === 0) return null;
    const known = sum(sized.map((layer) => layer.totalBytes ?? 0));
    const total = (known / sized.length) * this.layers.size;
    const done = sum(sized.map((layer) => layer.downloaded + layer.extracted));
    // 100 is said by the caller, when the engine has the image.
    const percent = total === 0 ? 0 : Math.min(99, Math.floor((done / (2 * total)) * 100));
    return Math.max(percent, this.shown ?? 0);
  }
}

/** Whether the line told something of a layer that has bytes to come. */
function applyStatus(layer: Layer, line: PullLine): boolean {
  const detail = line.progressDetail ?? {};
  switch (line.status) {
    case 'Pulling fs layer':
    case 'Waiting':
      return true;
    case 'Downloading':
      layer.totalBytes = detail.total ?? layer.totalBytes;
      layer.downloaded = Math.max(layer.downloaded, detail.current ?? 0);
      return true;
    case 'Verifying Checksum':
    case 'Download complete':
      layer.downloaded = layer.totalBytes ?? 0;
      return true;
    case 'Extracting':
      layer.totalBytes ??= detail.total ?? null;
      layer.downloaded = layer.totalBytes ?? 0;
      layer.extracted = Math.max(layer.extracted, detail.current ?? 0);
      return true;
    case 'Pull complete':
      layer.downloaded = layer.totalBytes ?? 0;
      layer.extracted = layer.totalBytes ?? 0;
      return true;
    default:
      return false;
  }
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
