import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { StoredImage } from '../image-port.js';
import type { ContainerRuntime, ContainerSpec, RuntimeContainer } from '../port.js';
import { SpecFactory } from './contract-helpers.js';

/** An adapter under test, with what the port itself cannot do. */
export interface ImageContractSubject {
  runtime: ContainerRuntime;
  /** An image with a shell, of one layer. */
  image: string;
  /** One that declares `/scratch` as a VOLUME and has `/scratch/of-the-image` there, with the text `image`. */
  imageWithVolume: string;
  /** Of a running container. */
  writeFile(id: string, path: string, text: string): Promise<void>;
  /** Of a running container; null where there is none. */
  readFile(id: string, path: string): Promise<string | null>;
  close(): Promise<void>;
}

export const never = new AbortController().signal;

/** What the contract's tests share: one subject, and images and containers that go after each test. */
export class ImageBed {
  subject!: ImageContractSubject;
  specs!: SpecFactory;

  /** Registers its own preparation and its tidying up with Jest. */
  constructor(open: () => Promise<ImageContractSubject>) {
    beforeAll(async () => {
      this.subject = await open();
      await this.runtime.prepareNode();
      this.specs = new SpecFactory(this.subject.image);
    }, 60_000);
    afterEach(async () => {
      await this.specs.cleanUp(this.runtime);
      for (const { ref } of await this.runtime.listImages(this.label, never)) {
        await this.runtime.removeImage(ref, never);
      }
      expect(await this.runtime.listImages(this.label, never)).toEqual([]);
    }, 60_000);
    afterAll(() => this.subject.close(), 60_000);
  }

  get runtime(): ContainerRuntime {
    return this.subject.runtime;
  }

  /** On every image of this bed. */
  get labels(): Record<string, string> {
    return { 'berth.contract': this.specs.tenantId };
  }

  get label(): string {
    return `berth.contract=${this.specs.tenantId}`;
  }

  nameOf(tag: string): string {
    return `berth/contract-${this.specs.tenantId}:${tag}`;
  }

  commit(id: string, ref: string): Promise<StoredImage> {
    return this.runtime.commit(id, ref, { labels: this.labels, signal: never });
  }

  archive(id: string, path: string, ref: string): Promise<StoredImage> {
    return this.runtime.archive(id, path, ref, { labels: this.labels, signal: never });
  }

  unarchive(ref: string, id: string, path: string): Promise<void> {
    return this.runtime.unarchive(ref, id, path, { signal: never });
  }

  async created(parts: Partial<ContainerSpec> = {}): Promise<RuntimeContainer> {
    return this.runtime.create(this.specs.make({ network: 'none', ...parts }), never);
  }

  async started(parts: Partial<ContainerSpec> = {}): Promise<string> {
    const { id } = await this.created(parts);
    await this.runtime.start(id, never);
    return id;
  }

  writeFile(id: string, path: string, text: string): Promise<void> {
    return this.subject.writeFile(id, path, text);
  }

  readFile(id: string, path: string): Promise<string | null> {
    return this.subject.readFile(id, path);
  }
}
