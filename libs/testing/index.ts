export { createTestDatabase, type TestDatabase } from './test-database.js';
export { freePort } from './free-port.js';
export { httpClient, type Answer, type HttpClient } from './http-client.js';
export {
  managedObjects,
  removeManaged,
  removeSnapshotImages,
  testDocker,
  testDockerHost,
  type ManagedObjects,
} from './docker.js';
export { startProxy, type Proxy } from './proxy.js';
export { startRedis, type TestRedis } from './redis.js';
export { startServices, type ServicesOptions, type TestServices } from './services.js';
export { ServiceProcess } from './service-process.js';
export { socketClient, type ReceivedEvent, type SocketClient } from './socket-client.js';
export { TINY_IMAGE, ensureTinyImage } from './tiny-image.js';
export { waitFor } from './wait-for.js';
