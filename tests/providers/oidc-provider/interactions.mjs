// What the provider shows people, and when: a sign-in, a second factor where one is asked for, consent scope by scope.
import { interactionPolicy } from 'oidc-provider';

const { Check, Prompt, base } = interactionPolicy;

export const levels = ['aal1', 'aal2'];

export const policy = () => {
  const prompts = base();
  const wanted = new Check('level', 'the level could not be obtained', ({ oidc }) => {
    const asked = (oidc.params.acr_values ?? '').split(' ');
    return asked.includes('aal2') && oidc.acr !== 'aal2' && !oidc.result?.second_factor;
  });
  prompts.add(new Prompt({ name: 'second_factor' }, wanted), 1);
  return prompts;
};

const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const page = (title, form) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>
<body><h1>${title}</h1><form method="post">${form}<button name="cancel" value="yes">Cancel</button></form></body></html>`;

const ticks = (scopes) =>
  scopes.map((scope) => `<label><input type="checkbox" name="scope" value="${escape(scope)}" checked>${escape(scope)}</label>`).join('');

// `ago` is for tests: signed in so many seconds ago.
const signIn = ({ params }) => page('Sign in', `<input name="login" value="${escape(params.login_hint ?? '')}">
<input name="password" type="password"><input name="ago" type="hidden" value="0"><button>Sign-in</button>`);

const secondFactor = () => page('Second factor', `<input name="code"><button name="level" value="aal2">Confirm</button>
<button name="level" value="none">Not now</button>`);

// The provider makes the form, the buttons are ours.
const withButtons = (title, form, buttons) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>
<body><h1>${title}</h1>${form.replace('</form>', `${buttons}</form>`)}</body></html>`;

export const devicePages = {
  userCodeInputSource: (ctx, form) => {
    ctx.body = withButtons('Enter the code', form, '<button>Go on</button>');
  },
  userCodeConfirmSource: (ctx, form) => {
    ctx.body = withButtons('Is this your device?', form, '<button>It is</button><button name="abort" value="yes">It is not</button>');
  },
  successSource: (ctx) => {
    ctx.body = 'Go back to your device';
  },
};

// What was granted before is not asked for again, unless the application wants all of it confirmed.
const scopesToAsk = ({ prompt, params }) => prompt.details.missingOIDCScope ?? params.scope.split(' ');

const consent = (interaction) => page('Consent', `${ticks(scopesToAsk(interaction))}<button>Continue</button>`);

const decide = async (provider, interaction, form) => {
  const { params, session, grantId } = interaction;
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const asked = scopesToAsk(interaction);
  const ticked = new Set(form.getAll('scope'));
  const refused = grant.getRejectedOIDCScope().split(' ').filter((scope) => scope && !asked.includes(scope));
  grant.rejected = undefined;
  grant.addOIDCScope(asked.filter((scope) => scope === 'openid' || ticked.has(scope)).join(' '));
  refused.push(...asked.filter((scope) => scope !== 'openid' && !ticked.has(scope)));
  if (refused.length) grant.rejectOIDCScope(refused.join(' '));
  return { consent: { grantId: await grant.save() } };
};

const answer = async (provider, interaction, form) => {
  if (form.has('cancel')) return { error: 'access_denied', error_description: 'the person cancelled' };
  switch (interaction.prompt.name) {
    case 'login': {
      const ts = Math.floor(Date.now() / 1000) - Number(form.get('ago'));
      return { login: { accountId: form.get('login'), acr: 'aal1', ts } };
    }
    case 'second_factor': {
      if (form.get('level') !== 'aal2') return { second_factor: {} };
      return { second_factor: {}, login: { accountId: interaction.session.accountId, acr: 'aal2' } };
    }
    default:
      return decide(provider, interaction, form);
  }
};

const body = async (request) => {
  const chunks = await request.toArray();
  return new URLSearchParams(Buffer.concat(chunks).toString());
};

// Koa middleware: the pages, and what is answered on them.
export const pages = (provider) => async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const interaction = await provider.interactionDetails(ctx.req, ctx.res);
  if (ctx.method === 'POST') {
    const result = await answer(provider, interaction, await body(ctx.req));
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
    ctx.status = 303;
    return;
  }
  ctx.type = 'html';
  ctx.set('cache-control', 'no-store');
  ctx.body = { login: signIn, second_factor: secondFactor, consent }[interaction.prompt.name](interaction);
};
