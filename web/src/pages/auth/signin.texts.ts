const en = {
  with: (name: string) => `Sign in with ${name}`,
  or: 'or',
  emergency: 'Sign in with a password (administrators, in an emergency)',
  trace: (id: string) => `The server's log has the details under ${id}.`,
  refused: {
    denied: 'The sign-in was cancelled, or the identity provider said no.',
    state: 'This sign-in was begun too long ago, or in another browser. Try again.',
    replay: 'This sign-in was used already. Try again.',
    provider:
      'The identity provider does not answer as it should. Try again in a moment; if it stays so, ask an administrator.',
    token:
      'What the identity provider answered is not valid. Ask an administrator: its clock, client id and issuer should be checked.',
    unverified: 'Your e-mail address is not verified at the identity provider. Verify it there first.',
    domain: 'E-mail addresses of your domain are not allowed here.',
    unknown: 'You have no account here. Ask an administrator for one.',
    email_taken:
      'There is an account with your e-mail address already, and it is not linked to this sign-in. Ask an administrator.',
    no_role: 'None of your groups may use Yagura. Ask an administrator which group you need.',
    group_claims:
      'You are in too many groups for the identity provider to list. An administrator should limit which groups it sends.',
    disabled: 'This account is disabled. Ask an administrator.',
  } as Record<string, string>,
};

const ja: typeof en = {
  with: (name: string) => `${name} でサインイン`,
  or: 'または',
  emergency: 'パスワードでサインイン（非常時の管理者用）',
  trace: (id: string) => `詳細はサーバーのログ（${id}）で確認できます。`,
  refused: {
    denied: 'サインインがキャンセルされたか、ID プロバイダーに拒否されました。',
    state:
      'サインインの開始から時間が経ちすぎたか、別のブラウザーで開始されています。もう一度お試しください。',
    replay: 'このサインインはすでに使用されています。もう一度お試しください。',
    provider:
      'ID プロバイダーが正しく応答しません。しばらく待って再度お試しください。解消しない場合は管理者にお問い合わせください。',
    token: 'ID プロバイダーの応答が不正です。時刻、クライアント ID、issuer の設定を管理者にご確認ください。',
    unverified: 'ID プロバイダーでメールアドレスが確認されていません。先に確認を済ませてください。',
    domain: 'このドメインのメールアドレスではサインインできません。',
    unknown: 'アカウントがありません。管理者に発行を依頼してください。',
    email_taken:
      '同じメールアドレスのアカウントがすでにありますが、このサインインには紐付いていません。管理者にお問い合わせください。',
    no_role: 'Yagura を利用できるグループに所属していません。必要なグループを管理者にご確認ください。',
    group_claims:
      '所属グループが多すぎるため、ID プロバイダーから一覧を取得できません。送信するグループを絞るよう管理者に依頼してください。',
    disabled: 'このアカウントは無効化されています。管理者にお問い合わせください。',
  },
};

export const texts = { en, ja };
