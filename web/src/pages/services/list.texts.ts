// Texts of the list of services.
const en = {
  team: 'Team',
  allTeams: 'All teams',
  noneOfTeam: 'No service of this team sent anything in this time',
  noneOfTeamText: 'Whose a service is stands in the settings, in a file, or in its attribute service.owner.',
  baseline: { day: 'the day before', week: 'the week before' },
  calm: (when: string) => `No service fails, is slower or has gone quiet, compared with ${when}.`,
  failing: 'Failing:',
  slow: 'Slower:',
  quiet: 'Quiet:',
  comma: ', ',
  others: (n: string) => `and ${n} more`,
  was: (now: string, was: string, when: string) => `p95 ${now}, was ${was} ${when}`,
  fewer: (now: string, was: string, when: string) => `${now} requests, were ${was} ${when}`,
};
const ja: typeof en = {
  team: 'チーム',
  allTeams: 'すべてのチーム',
  noneOfTeam: 'この期間にデータを送信した、このチームのサービスはありません',
  noneOfTeamText: '担当チームは、設定画面・ファイル・service.owner 属性で決まります。',
  baseline: { day: '前日', week: '前週' },
  calm: (when) => `失敗・悪化・リクエスト減少のあるサービスはありません（${when}比）。`,
  failing: '失敗:',
  slow: '応答の悪化:',
  quiet: 'リクエスト減少:',
  comma: '、',
  others: (n) => `他${n}件`,
  was: (now, was, when) => `p95 ${now}、${when} ${was}`,
  fewer: (now, was, when) => `${now}件、${when} ${was}件`,
};
export const texts = { en, ja };
