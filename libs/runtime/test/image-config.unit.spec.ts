import type { ContainerInspectInfo, ImageInspectInfo } from 'dockerode';
import { describe, expect, test } from '@jest/globals';
import { committedConfig } from '../commit.js';
import { flatConfig } from '../flatten.js';
import { labelChange } from '../image-import.js';

const image = (config: object, parts: object = {}) => ({ ...parts, Config: config }) as ImageInspectInfo;
const container = (labels: Record<string, string>) => ({ Config: { Labels: labels } }) as ContainerInspectInfo;

describe('the settings of a committed image', () => {
  test("are its image's, but for labels", () => {
    const settings = {
      Env: ['A=1'],
      User: 'app',
      WorkingDir: '/srv',
      Cmd: ['serve'],
      Entrypoint: ['/init'],
      StopSignal: 'SIGQUIT',
      Volumes: { '/db': {} },
    };
    const config = committedConfig(
      container({ 'berth.tenant': 't1', 'berth.bot': 'alice', maker: 'somebody' }),
      image({ ...settings, Labels: { maker: 'somebody', 'berth.snapshot': 'old' } }),
      { 'berth.snapshot': 'new' },
    );
    expect(config).toEqual({
      ...settings,
      Labels: {
        maker: 'somebody',
        'berth.tenant': '',
        'berth.bot': '',
        'berth.snapshot': 'new',
        'berth.part': expect.stringMatching(/^\d{4}-.*Z$/),
      },
    });
  });

  test("leave no room for the container's own command", () => {
    // Where both were missing, the engine would take the container's.
    const bare = committedConfig(container({}), image({ Cmd: null, Entrypoint: null, Labels: null }), {});
    expect(bare).toMatchObject({ Entrypoint: [], Cmd: ['sleep', '2147483647'] });
    const command = committedConfig(container({}), image({ Cmd: ['bash'], Entrypoint: null }), {});
    expect(command).toMatchObject({ Entrypoint: [], Cmd: ['bash'] });
    const entry = committedConfig(container({}), image({ Cmd: null, Entrypoint: ['/init'] }), {});
    expect(entry).toMatchObject({ Entrypoint: ['/init'], Cmd: null });
  });
});

test('the settings of a flat image are those of its source, to the last character', () => {
  const settings = { Env: ['A=$HOME "quoted"\nsecond line', 'B=\\'], Cmd: ['sh', '-c', 'echo "$A"'] };
  const source = image(
    { ...settings, Labels: { maker: 'x', 'berth.tenant': '', 'berth.snapshot': 'old' } },
    { Architecture: 'arm64', Variant: 'v8', Os: 'linux' },
  );
  const layer = { RootFS: { Type: 'layers', Layers: ['sha256:1'] } } as ImageInspectInfo;
  const config = JSON.parse(flatConfig(source, layer, { 'berth.snapshot': 'new' })) as object;
  expect(config).toMatchObject({
    architecture: 'arm64',
    variant: 'v8',
    os: 'linux',
    config: settings,
    rootfs: { type: 'layers', diff_ids: ['sha256:1'] },
  });
  expect(config).toHaveProperty('config.Labels', {
    maker: 'x',
    'berth.snapshot': 'new',
    'berth.part': expect.any(String),
  });
});

describe('a label', () => {
  test.each([
    [['a.b', 'plain'], 'LABEL "a.b"="plain"'],
    [['a', 'two words $HOME "x" \\'], 'LABEL "a"="two words \\$HOME \\"x\\" \\\\"'],
    [['a', ''], 'LABEL "a"=""'],
  ] as const)('%j is a line of a Dockerfile', ([name, value], line) => {
    expect(labelChange([name, value])).toBe(line);
  });

  test('of several lines would be several instructions, and is refused', () => {
    expect(() => labelChange(['a', 'x\nUSER root'])).toThrow(TypeError);
  });
});
