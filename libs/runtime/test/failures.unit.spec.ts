import { describe, expect, test } from '@jest/globals';
import { abortedFailure, DeadlineExceeded } from '../deadline.js';
import { isTransportError, pullFailure, startFailure, toFailure } from '../failures.js';

function engineError(statusCode: number, message: string): Error {
  return Object.assign(new Error(`(HTTP code ${statusCode}) - ${message}`), { statusCode, json: { message } });
}
function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}

describe('toFailure', () => {
  test.each([
    [systemError('ECONNREFUSED', 'connect'), 'docker_unavailable', true],
    [systemError('ENOENT', 'connect'), 'docker_unavailable', true],
    [systemError('ENOENT', 'open'), 'docker_error', true],
    [systemError('ENOSPC', 'write'), 'disk_full', false],
    [new DeadlineExceeded('start', 1), 'docker_unavailable', true],
    [new Error('socket hang up'), 'docker_unavailable', true],
    [abortedFailure(), 'aborted', true],
    [engineError(404, 'No such container: x'), 'container_not_found', false],
    [engineError(404, 'No such image: x:latest'), 'image_not_found', true],
    [engineError(404, 'network berth not found'), 'docker_error', true],
    [engineError(409, 'Conflict. The container name "/x" is already in use by container "y"'), 'name_conflict', false],
    [engineError(409, 'Container x is not running'), 'container_not_running', false],
    [engineError(409, 'removal of container x is already in progress'), 'docker_error', true],
    [engineError(400, 'Range of CPUs is from 0.01 to 2.00'), 'docker_error', false],
    [engineError(500, 'write /var/lib/docker/x: no space left on device'), 'disk_full', false],
    [engineError(500, 'something broke'), 'docker_error', true],
    [engineError(500, 'max depth exceeded'), 'docker_error', false],
    ['a string', 'docker_error', true],
  ] as const)('maps %s to %s', (error, code, retryable) => {
    expect(toFailure(error)).toMatchObject({ code, retryable });
  });

  test('says how many CPUs there are where more were asked for', () => {
    const failure = toFailure(
      engineError(400, 'Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'),
    );
    expect(failure).toMatchObject({ code: 'docker_error', retryable: false });
    expect(failure.message).toContain('The node has 2 CPUs');
  });

  test("keeps the engine's words to itself", () => {
    const failure = toFailure(engineError(500, 'secret path /var/lib/docker/abc'));
    expect(failure.message).not.toContain('/var/lib');
    expect(String((failure.cause as Error).message)).toContain('/var/lib');
  });

  test('knows a lost answer from a refusal', () => {
    expect(isTransportError(systemError('ECONNRESET', 'read'))).toBe(true);
    expect(isTransportError(engineError(500, 'socket hang up'))).toBe(false);
  });
});

describe('pullFailure', () => {
  test.each([
    [engineError(404, 'manifest for x:1 not found: manifest unknown'), 'image_not_found', false],
    [engineError(404, 'pull access denied for x, repository does not exist'), 'image_not_found', false],
    [new Error('unauthorized: authentication required'), 'image_not_found', false],
    [engineError(400, 'invalid reference format'), 'image_not_found', false],
    [engineError(500, 'Get "https://r/v2/": dial tcp: lookup r: no such host'), 'image_pull_failed', true],
    [
      engineError(500, 'Get "http://r/v2/": dial tcp 127.0.0.1:5: connect: connection refused'),
      'image_pull_failed',
      true,
    ],
    [new Error('toomanyrequests: You have reached your pull rate limit.'), 'image_pull_failed', true],
    [new Error('write /x: no space left on device'), 'disk_full', false],
    [systemError('ECONNREFUSED', 'connect'), 'docker_unavailable', true],
    [abortedFailure(), 'aborted', true],
  ] as const)('maps %s to %s', (error, code, retryable) => {
    expect(pullFailure('x:1', error)).toMatchObject({ code, retryable });
  });
});

describe('startFailure', () => {
  test.each([
    [engineError(400, 'OCI runtime create failed: exec: "x": executable file not found'), 127, 'start_failed', 127],
    [engineError(500, 'OCI runtime create failed: permission denied'), 126, 'start_failed', 126],
    [engineError(500, 'error while setting up the network'), 128, 'docker_error', null],
    [engineError(404, 'network berth not found'), 128, 'docker_error', null],
  ] as const)('maps %s with exit code %d to %s', (error, exit, code, exitCode) => {
    expect(startFailure(error, exit)).toMatchObject({ code, exitCode });
  });
});
