import { Accordion, Code, List, Stack, Text } from '@mantine/core';

const START = `DATABASE_URL=postgres://…    # the same as the api's
REDIS_URL=redis://…          # the same, where the api has one
BERTH_SECRET_KEY=…           # the same
BERTH_NODE_ID=node-2         # its own, never used for another host
BERTH_AGENT_HOST=10.0.0.5    # a private address of this host that the api reaches
BERTH_DATA_DIR=/var/lib/berth
node dist/services/worker/main.js`;

/** How another Docker host comes to be a node. */
export function AddNode({ opened = false }: { opened?: boolean }) {
  return (
    <Accordion variant="contained" defaultValue={opened ? 'add' : null}>
      <Accordion.Item value="add">
        <Accordion.Control>How a node is added</Accordion.Control>
        <Accordion.Panel>
          <Stack gap="xs">
            <Text size="sm">
              Run a worker on the Docker host: one for each, as root or with the rights of it, since it drives the
              engine and the firewall. It appears here with its first heartbeat. With these in its environment, after
              <Code>npm ci</Code> and <Code>npm run build</Code>:
            </Text>
            <Code block tabIndex={0} role="region" aria-label="Command that starts a worker">
              {START}
            </Code>
            <List size="sm">
              <List.Item>
                Postgres must be one that both reach. The one that <Code>npm start</Code> embeds is for one machine
                alone.
              </List.Item>
              <List.Item>
                BERTH_NODE_CPUS and BERTH_NODE_MEMORY_MB are ceilings on what is promised to bots; without them there is
                none.
              </List.Item>
              <List.Item>In a container: deploy/Dockerfile.worker, as docker-compose.yml runs it.</List.Item>
            </List>
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}
