import { ActionIcon, Anchor, AppShell, Burger, Group, Menu, NavLink, Text, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconActivity,
  IconBook,
  IconKey,
  IconLogout,
  IconMoon,
  IconRobot,
  IconServer,
  IconSun,
  IconUser,
} from '@tabler/icons-react';
import { Suspense, useEffect, type ReactNode } from 'react';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { BotsPage } from '../bots/bots-page';
import { useSession } from '../session/session';
import { Empty } from '../ui/empty';
import { Loading } from '../ui/loading';
import { ConnectionBanner } from './connection-banner';
import { Fault } from './fault';
import { lazily, loadAhead } from './lazily';

const BotPage = lazily(() => import('../bot/bot-page').then((m) => m.BotPage));
const OperationsPage = lazily(() => import('../operations/operations-page').then((m) => m.OperationsPage));
const NodesPage = lazily(() => import('../nodes/nodes-page').then((m) => m.NodesPage));
const KeysPage = lazily(() => import('../keys/keys-page').then((m) => m.KeysPage));

/** The first page comes first. */
const AHEAD_MS = 2_000;

/** The frame around every page. */
export function Shell() {
  const [opened, { toggle, close }] = useDisclosure(false);
  const [path] = useLocation();
  const { may } = useSession();
  const home = may('containers:read') ? '/bots' : may('nodes:admin') ? '/nodes' : may('keys:admin') ? '/keys' : null;
  useEffect(() => {
    const timer = setTimeout(() => void loadAhead(), AHEAD_MS);
    return () => clearTimeout(timer);
  }, []);
  const link = (href: string, label: string, icon: ReactNode): ReactNode => (
    <NavLink
      component={Link}
      href={href}
      label={label}
      leftSection={icon}
      active={path === href || path.startsWith(`${href}/`)}
      onClick={close}
    />
  );
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 190, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={opened ? 'Close the menu' : 'Open the menu'}
            />
            <Anchor component={Link} href="/" underline="never" c="inherit">
              <Group gap="xs" wrap="nowrap">
                <img src="/icon.svg" alt="" width={26} height={26} />
                <Text fw={700} size="lg" className="brand">
                  Berth
                </Text>
              </Group>
            </Anchor>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <SchemeToggle />
            <Account />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label="Pages">
        {may('containers:read') && link('/bots', 'Bots', <IconRobot size={18} />)}
        {may('containers:read') && link('/operations', 'Operations', <IconActivity size={18} />)}
        {may('nodes:admin') && link('/nodes', 'Nodes', <IconServer size={18} />)}
        {may('keys:admin') && link('/keys', 'Keys', <IconKey size={18} />)}
        <NavLink component="a" href="/docs" target="_blank" label="API" leftSection={<IconBook size={18} />} />
      </AppShell.Navbar>
      <AppShell.Main>
        <ConnectionBanner />
        <Fault key={path.split('/').slice(0, 3).join('/')}>
          <Suspense fallback={<Loading />}>
            <Switch>
              {may('containers:read') && <Route path="/bots" component={BotsPage} />}
              {may('containers:read') && (
                <Route path="/bots/:botId/:tab?">
                  {({ botId, tab }) => <BotPage key={botId} botId={botId} tab={tab} />}
                </Route>
              )}
              {may('containers:read') && (
                <Route path="/operations/:id?">{({ id }) => <OperationsPage id={id} />}</Route>
              )}
              {may('nodes:admin') && <Route path="/nodes" component={NodesPage} />}
              {may('keys:admin') && <Route path="/keys" component={KeysPage} />}
              {home && (
                <Route path="/">
                  <Redirect to={home} replace />
                </Route>
              )}
              <Route>
                <NoPage home={home} />
              </Route>
            </Switch>
          </Suspense>
        </Fault>
      </AppShell.Main>
    </AppShell>
  );
}

function NoPage({ home }: { home: string | null }) {
  return (
    <Empty
      title={home ? 'There is no such page, or not for this key' : 'This key may do nothing that the console shows'}
      action={
        home && (
          <Anchor component={Link} href={home}>
            Back to the beginning
          </Anchor>
        )
      }
    >
      {home
        ? 'The address may be mistyped, or the key may lack a scope.'
        : 'To look at bots it needs the scope containers:read. Sign in with another key, from the menu at the top right.'}
    </Empty>
  );
}

function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = document.documentElement.getAttribute('data-mantine-color-scheme') === 'dark';
  return (
    <ActionIcon
      variant="default"
      size="lg"
      aria-label={isDark ? 'Light colours' : 'Dark colours'}
      onClick={() => setColorScheme(isDark ? 'light' : 'dark')}
    >
      {isDark ? <IconSun size={18} /> : <IconMoon size={18} />}
    </ActionIcon>
  );
}

function Account() {
  const { who, signOut } = useSession();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="default" size="lg" aria-label="Who is signed in">
          <IconUser size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {who.name}, tenant {who.tenant.name}
        </Menu.Label>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={signOut}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
