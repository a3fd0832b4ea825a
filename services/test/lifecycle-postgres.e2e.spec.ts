import { life } from './lifecycle/life.js';

life('postgres');
