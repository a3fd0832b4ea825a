export * from './port.js';
export * from './identity.js';
export * from './image-port.js';
export * from './failure.js';
export { createDockerRuntime, type DockerRuntimeOptions } from './docker-runtime.js';
export { FakeRuntime } from './fake-runtime.js';
export type { FakeRuntimeOptions } from './fake-engine.js';
export type { FakeMethod, Gate } from './fake-faults.js';
export type { FakeProgram, FakeRun } from './fake-program.js';
