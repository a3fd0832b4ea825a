import { life } from './lifecycle/life.js';

life('redis');
