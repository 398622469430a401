import { Tabs } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useT, useTexts } from '~/i18n';
import { useIsAdmin, useReadsAudit } from '~/shell/Session';
import { useReadsCode } from '~/ui/code/code.queries';
import { Empty } from '~/ui/Empty';
import { Page } from '~/ui/Page';
import { carried, useUrl } from '~/url';
import { Account } from './Account';
import { Audit } from './Audit';
import { texts } from './audit.texts';
import { Backups } from './Backups';
import { texts as backupTexts } from './backups.texts';
import { Notifications } from './Notifications';
import { texts as notifyTexts } from './notifications.texts';
import { Owners } from './Owners';
import { Repositories } from './Repositories';
import { Retention } from './Retention';
import { texts as repositoryTexts } from './repositories.texts';
import { texts as retentionTexts } from './retention.texts';
import { SlackSettings } from './Slack';
import { texts as slackTexts } from './slack.texts';
import { Teams } from './Teams';
import { Tokens } from './Tokens';
import { texts as teamTexts } from './teams.texts';
import { Users } from './Users';

export function SettingsPage() {
  const t = useT();
  const { tab } = useParams({ strict: false }) as { tab: string };
  const { search } = useUrl();
  const navigate = useNavigate();
  const admin = useIsAdmin();
  const audit = useReadsAudit();
  const a = useTexts(texts);
  const x = useTexts(teamTexts);
  const n = useTexts(notifyTexts);
  const r = useTexts(retentionTexts);
  const b = useTexts(backupTexts);
  const c = useTexts(repositoryTexts);
  const k = useTexts(slackTexts);
  const code = useReadsCode();
  const current = [
    'account',
    'teams',
    'owners',
    'users',
    'tokens',
    'notifications',
    'slack',
    'repositories',
    'retention',
    'backups',
    'audit',
  ].includes(tab)
    ? tab
    : 'account';
  return (
    <Page title={t.settings.title}>
      <Tabs
        value={current}
        keepMounted={false}
        onChange={(v) =>
          v && void navigate({ to: '/settings/$tab', params: { tab: v }, search: carried(search) })
        }
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="account">{t.settings.account}</Tabs.Tab>
          <Tabs.Tab value="teams">{x.teams}</Tabs.Tab>
          <Tabs.Tab value="owners">{x.owners}</Tabs.Tab>
          {admin && <Tabs.Tab value="users">{t.settings.users}</Tabs.Tab>}
          {admin && <Tabs.Tab value="tokens">{t.settings.tokens}</Tabs.Tab>}
          {admin && <Tabs.Tab value="notifications">{n.title}</Tabs.Tab>}
          {admin && <Tabs.Tab value="slack">{k.title}</Tabs.Tab>}
          {code && <Tabs.Tab value="repositories">{c.title}</Tabs.Tab>}
          <Tabs.Tab value="retention">{r.title}</Tabs.Tab>
          {admin && <Tabs.Tab value="backups">{b.title}</Tabs.Tab>}
          {audit && <Tabs.Tab value="audit">{a.title}</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="account">
          <Account />
        </Tabs.Panel>
        <Tabs.Panel value="teams">
          <Teams />
        </Tabs.Panel>
        <Tabs.Panel value="owners">
          <Owners />
        </Tabs.Panel>
        <Tabs.Panel value="users">{admin ? <Users /> : <Empty title={t.settings.adminOnly} />}</Tabs.Panel>
        <Tabs.Panel value="tokens">{admin ? <Tokens /> : <Empty title={t.settings.adminOnly} />}</Tabs.Panel>
        <Tabs.Panel value="notifications">
          {admin ? <Notifications /> : <Empty title={t.settings.adminOnly} />}
        </Tabs.Panel>
        <Tabs.Panel value="slack">
          {admin ? <SlackSettings /> : <Empty title={t.settings.adminOnly} />}
        </Tabs.Panel>
        <Tabs.Panel value="repositories">
          {code ? <Repositories /> : <Empty title={c.membersOnly} />}
        </Tabs.Panel>
        <Tabs.Panel value="retention">
          <Retention />
        </Tabs.Panel>
        <Tabs.Panel value="backups">
          {admin ? <Backups /> : <Empty title={t.settings.adminOnly} />}
        </Tabs.Panel>
        <Tabs.Panel value="audit">{audit ? <Audit /> : <Empty title={a.leadsOnly} />}</Tabs.Panel>
      </Tabs>
    </Page>
  );
}
