// The pages and their addresses. Every page is a chunk of its own.
import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { NotFound, RouteError, RoutePending } from './shell/RouteStates';
import { Shell } from './shell/Shell';
import { carried, parseSearch, type Search, stringifySearch, validateSearch } from './url';

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  validateSearch,
  component: Outlet,
  notFoundComponent: NotFound,
});

const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: ({ search }) => {
    throw redirect({ to: '/services', search: carried(search as Search), replace: true });
  },
});

const page = <P extends string>(path: P, load: () => Promise<Record<string, unknown>>, name: string) =>
  createRoute({
    getParentRoute: () => shell,
    path,
    component: lazyRouteComponent(load as never, name as never),
  });

const services = page('/services', () => import('./pages/services/ServicesPage'), 'ServicesPage');
const service = page('/services/$service', () => import('./pages/services/ServicePage'), 'ServicePage');
const endpoint = page(
  '/services/$service/endpoint',
  () => import('./pages/services/EndpointPage'),
  'EndpointPage',
);
const releases = page('/releases', () => import('./pages/releases/ReleasesPage'), 'ReleasesPage');
const release = page('/releases/$release', () => import('./pages/releases/ReleasePage'), 'ReleasePage');
const map = page('/map', () => import('./pages/map/MapPage'), 'MapPage');
const databases = page('/databases', () => import('./pages/databases/DatabasesPage'), 'DatabasesPage');
const logs = page('/logs', () => import('./pages/logs/LogsPage'), 'LogsPage');
const traces = page('/traces', () => import('./pages/traces/TracesPage'), 'TracesPage');
const trace = page('/traces/$traceId', () => import('./pages/trace/TracePage'), 'TracePage');
const metrics = page('/metrics', () => import('./pages/metrics/MetricsPage'), 'MetricsPage');
const sql = page('/sql', () => import('./pages/sql/SqlPage'), 'SqlPage');
const errors = page('/errors', () => import('./pages/errors/ErrorsPage'), 'ErrorsPage');
const error = page('/errors/$service/$group', () => import('./pages/errors/ErrorPage'), 'ErrorPage');
const status = page('/status', () => import('./pages/status/StatusPage'), 'StatusPage');
const settings = page('/settings/$tab', () => import('./pages/settings/SettingsPage'), 'SettingsPage');
const settingsHome = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  beforeLoad: () => {
    throw redirect({ to: '/settings/$tab', params: { tab: 'account' }, replace: true });
  },
});

// Where there is no page, the way to the others stays.
const nowhere = createRoute({ getParentRoute: () => shell, path: '$', component: NotFound });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/signin',
  component: lazyRouteComponent(() => import('./pages/auth/SignInPage'), 'SignInPage'),
});
const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyRouteComponent(() => import('./pages/auth/SetupPage'), 'SetupPage'),
});

const routeTree = root.addChildren([
  home,
  settingsHome,
  signIn,
  setup,
  shell.addChildren([
    services,
    service,
    endpoint,
    releases,
    release,
    map,
    databases,
    logs,
    traces,
    trace,
    metrics,
    sql,
    errors,
    error,
    status,
    settings,
    nowhere,
  ]),
]);

export function createAppRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    defaultPendingMs: 200,
    defaultPendingComponent: RoutePending,
    defaultErrorComponent: RouteError,
    scrollRestoration: true,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
