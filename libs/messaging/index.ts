export { createMessaging } from './messaging.js';
export type {
  Bell,
  BusMessage,
  ControlTask,
  Doorbell,
  DoorbellListener,
  EventBus,
  Messaging,
  MessagingOptions,
  ProgressMessage,
} from './port.js';
