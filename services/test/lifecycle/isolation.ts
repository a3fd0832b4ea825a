import { createDatabase } from '#persistence';
import { managedObjects } from '#testing';
import { expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { execIn } from '../support/engine.js';
import { idOf, type System } from '../support/system.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What a bot must not see, reach or use up, and what nobody must see of it. */
export function isolation(system: () => System): void {
  test('env arrives in a custom command as it was sent, and shows nowhere else', async () => {
    const { services, http, watcher, docker, databaseUrl } = system();
    const bot = system().bot('env');
    const marks = Array.from({ length: 3 }, () => `secret-${randomBytes(12).toString('hex')}`);
    const env = {
      PLAIN: marks[0] ?? '',
      TRICKY: `it's "$HOME" \`id\` \\ ${marks[1]}\nsecond line ✓`,
      EMPTY: '',
      _UNDER_9: marks[2] ?? '',
    };
    const script = `
      for name in PLAIN TRICKY EMPTY _UNDER_9; do
        eval "value=\\$$name"; printf '%s' "$value" | sha256sum | cut -d ' ' -f 1
      done
      while :; do sleep 0.1; done`;
    const command = ['/bin/sh', '-c', script];
    const answers: unknown[] = [(await bot.askCreate({ start: true, env, command }, { prefer: 'wait=30' })).body];
    await watcher.status(bot, 'running');
    expect((await http.get(bot.path('/logs'))).body).toBe(
      Object.values(env)
        .map((v) => `${sha256(v)}\n`)
        .join(''),
    );
    expect((await bot.get()).env).toEqual(['EMPTY', 'PLAIN', 'TRICKY', '_UNDER_9']);
    await bot.run('restart');
    expect((await http.get(bot.path('/logs?tail=1'))).body).toBe(`${sha256(env._UNDER_9)}\n`);
    const id = idOf(await bot.get());
    answers.push(await bot.inspect(), await bot.container(id).top());

    for (const path of [
      '/v1/bots',
      bot.path(),
      '/v1/operations',
      `/v1/bots/${bot.id}/events`,
      '/v1/events?limit=100',
    ]) {
      const answer = await http.get(path);
      expect(answer.status).toBe(200);
      answers.push(answer.body);
    }
    const database = createDatabase({ url: databaseUrl, poolSize: 2, applicationName: 'berth-test' });
    try {
      for (const table of ['bot', 'operation', 'event', 'idempotency_key']) {
        const rows = await database.query(`SELECT t::text AS row FROM ${table} t`);
        answers.push(rows);
      }
    } finally {
      await database.close();
    }
    answers.push(watcher.client.received, services.api.logs(), services.worker.logs());
    const shown = JSON.stringify(answers);
    expect(shown).toContain(bot.id);
    for (const mark of marks) expect(shown).not.toContain(mark);
    // Nobody but the container's root reads the file they came by.
    expect(await execIn(docker, id, 'stat -c %a /run/berth/env; echo x > /run/berth/env')).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/^400\n.*[Rr]ead-only/),
    });
    await bot.run('delete');
  });

  test('network none has no way out, and internet has one', async () => {
    const { docker } = system();
    const [none, internet] = [system().bot('net-none'), system().bot('net')];
    await none.run('create', { start: true, network: 'none' });
    expect(await none.get()).toMatchObject({ network: 'none' });
    expect((await none.inspect()).HostConfig.NetworkMode).toBe('none');
    const interfaces = 'ls /sys/class/net';
    expect((await execIn(docker, idOf(await none.get()), interfaces)).output.trim()).toBe('lo');
    await internet.run('create', { start: true });
    const seen = await execIn(docker, idOf(await internet.get()), `${interfaces}; ip route | grep -c default`);
    expect(seen.output.split(/\s+/)).toEqual(expect.arrayContaining(['eth0', 'lo', '1']));
  });

  test('two bots do not reach each other', async () => {
    const { docker } = system();
    const [server, client] = [system().bot('server'), system().bot('client')];
    const command = ['/bin/sh', '-c', 'echo hello > /root/index.html; exec httpd -f -p 8000 -h /root'];
    await server.run('create', { start: true, command });
    await client.run('create', { start: true });
    const [serverId, clientId] = [idOf(await server.get()), idOf(await client.get())];
    const [network] = Object.values((await server.inspect()).NetworkSettings.Networks);
    const url = `http://${network?.IPAddress}:8000/`;
    expect(await execIn(docker, serverId, `wget -q -O - ${url}`)).toEqual({ exitCode: 0, output: 'hello\n' });
    expect((await execIn(docker, clientId, `wget -q -T 2 -O - ${url}`)).exitCode).not.toBe(0);
    expect((await execIn(docker, clientId, `ping -c 1 -W 1 ${network?.IPAddress}`)).exitCode).not.toBe(0);
    // Nor the services of the host, on the bridge's own address.
    const gateway = `http://${network?.Gateway}:${new URL(system().services.url).port}/livez`;
    expect((await execIn(docker, clientId, `wget -q -T 2 -O - ${gateway}`)).exitCode).not.toBe(0);
  });

  test('limits of processes and memory hold', async () => {
    const { docker } = system();
    const bot = system().bot('limits');
    await bot.run('create', { start: true, resources: { pids: 12, memoryMb: 24 } });
    const id = idOf(await bot.get());
    const forks = await execIn(docker, id, 'for i in $(seq 20); do sleep 2 & done; wait');
    expect(forks.output).toMatch(/fork/);
    const eater = await execIn(docker, id, 'tail /dev/zero; echo ended with $?');
    expect(eater.output).toContain('ended with 137');
    // Another process than the main one ran out of memory: the container goes on.
    expect(await bot.get()).toMatchObject({ status: 'running', exit: null });
    expect((await bot.inspect()).State.Running).toBe(true);
  });

  test('a container sees nothing of its host or of the engine', async () => {
    const { docker } = system();
    const bot = system().bot('inside');
    await bot.run('create', { start: true });
    const id = idOf(await bot.get());
    const caps = await execIn(docker, id, 'grep -E "^(CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/1/status');
    // CHOWN, DAC_OVERRIDE, FOWNER, SETGID, SETUID.
    expect(caps.output).toMatch(/CapEff:\t00000000000000cb\nCapBnd:\t00000000000000cb\nNoNewPrivs:\t1\nSeccomp:\t2\n/);
    const attempts = ['mount -t tmpfs none /mnt', 'mknod /root/disk b 8 0', 'ls /var/run/docker.sock', 'chroot / true'];
    for (const line of attempts) expect((await execIn(docker, id, line)).exitCode).not.toBe(0);
    expect((await execIn(docker, id, 'hostname')).output.trim()).toBe(bot.id);
  });

  test('nothing is on the engine but what the bots of this suite have', async () => {
    const { http, docker } = system();
    const { body } = await http.get('/v1/bots?limit=100');
    const { items } = body as { items: { botId: string; containerId: string | null }[] };
    for (const { botId, containerId } of items) {
      const { containers } = await managedObjects(docker, [`berth.bot=${botId}`]);
      expect({ botId, count: containers.length }).toEqual({ botId, count: containerId === null ? 0 : 1 });
    }
  });
}
