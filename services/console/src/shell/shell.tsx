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
import { Link, Route, Switch, useLocation } from 'wouter';
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
      active={path === href || path.startsWith(`${href}/`) || (href === '/bots' && path === '/')}
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
            <Anchor component={Link} href="/bots" underline="never" c="inherit">
              <Group gap="xs" wrap="nowrap">
                <img src="/icon.svg" alt="" width={26} height={26} />
                <Text fw={700} size="lg">
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
        {link('/bots', 'Bots', <IconRobot size={18} />)}
        {link('/operations', 'Operations', <IconActivity size={18} />)}
        {may('nodes:admin') && link('/nodes', 'Nodes', <IconServer size={18} />)}
        {may('keys:admin') && link('/keys', 'Keys', <IconKey size={18} />)}
        <NavLink component="a" href="/docs" target="_blank" label="API" leftSection={<IconBook size={18} />} />
      </AppShell.Navbar>
      <AppShell.Main>
        <ConnectionBanner />
        <Fault key={path.split('/').slice(0, 3).join('/')}>
          <Suspense fallback={<Loading />}>
            {may('containers:read') ? (
              <Switch>
                <Route path="/" component={BotsPage} />
                <Route path="/bots" component={BotsPage} />
                <Route path="/bots/:botId/:tab?">
                  {({ botId, tab }) => <BotPage key={botId} botId={decodeURIComponent(botId)} tab={tab} />}
                </Route>
                <Route path="/operations/:id?">{({ id }) => <OperationsPage id={id} />}</Route>
                {may('nodes:admin') && <Route path="/nodes" component={NodesPage} />}
                {may('keys:admin') && <Route path="/keys" component={KeysPage} />}
                <Route>
                  <NoPage />
                </Route>
              </Switch>
            ) : (
              <Empty title="This key may not read containers">
                The console needs the scope containers:read. Sign in with another key, from the menu at the top right.
              </Empty>
            )}
          </Suspense>
        </Fault>
      </AppShell.Main>
    </AppShell>
  );
}

function NoPage() {
  return (
    <Empty
      title="There is no such page, or not for this key"
      action={
        <Anchor component={Link} href="/bots">
          All bots
        </Anchor>
      }
    >
      The address may be mistyped.
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
