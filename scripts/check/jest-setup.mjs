import { jest } from '@jest/globals';

jest.setTimeout(globalThis.BERTH_TEST_TIMEOUT_MS);
