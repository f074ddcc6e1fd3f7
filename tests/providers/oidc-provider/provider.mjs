// A certified OpenID Provider on loopback, for the tests of ../. It keeps nothing on disk.
//
//   PORT=9000 RPS=http://127.0.0.1:3000,http://127.0.0.1:3001 node provider.mjs
//
// PORT    where to listen (0, the default, takes a free port)
// HOST    the host in the issuer: 127.0.0.1 (default) or localhost; it listens on 127.0.0.1 either way
// ISSUER  the whole issuer, if it is not http://HOST:PORT
// RPS     base URLs of the relying parties, comma-separated; each client lists all of them
// WATCH_STDIN=1  stop when standard input ends: with a pipe, this process can not outlive its parent
//
// Prints `ready <issuer>` once it answers. Its sign-in page takes any login and any password, its second factor
// any code.
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';
import { devicePages, levels, pages, policy } from './interactions.mjs';

const host = process.env.HOST ?? '127.0.0.1';
const relyingParties = (process.env.RPS ?? 'http://127.0.0.1:3000').split(',').map((url) => url.trim()).filter(Boolean);

const signingKey = async (alg, kid) => {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), use: 'sig', kid };
};

// Told of sign-outs: the first of the relying parties.
const told = (sid) => ({
  backchannel_logout_uri: `${relyingParties[0]}/auth/backchannel-logout`,
  backchannel_logout_session_required: sid,
});

const client = (client_id, client_secret, settings = {}) => ({
  client_id,
  client_secret,
  token_endpoint_auth_method: 'client_secret_basic',
  redirect_uris: relyingParties.map((base) => `${base}/auth/callback`),
  post_logout_redirect_uris: relyingParties.map((base) => `${base}/`),
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  ...settings,
});

// Test values, known to the tests by heart. Any client may ask for response_mode=form_post.
const clients = [
  client('basic', 'basic-secret-basic-secret-basic-secret'),
  // Reserved characters: RFC 6749, section 2.3.1 wants both form-encoded before Basic.
  client('basic:col on', 'p%s+ w/:?&=secret-secret-secret-secret'),
  client('post', 'post-secret-post-secret-post-secret', { token_endpoint_auth_method: 'client_secret_post' }),
  client('public', undefined, { token_endpoint_auth_method: 'none', application_type: 'native' }),
  client('es256', 'es256-secret-es256-secret-es256-secret', { id_token_signed_response_alg: 'ES256' }),
  client('eddsa', 'eddsa-secret-eddsa-secret-eddsa-secret', { id_token_signed_response_alg: 'EdDSA' }),
  client('form_post', 'form-post-secret-form-post-secret'),
  client('told_sid', 'told-sid-secret-told-sid-secret-told', told(true)),
  client('native', undefined, {
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    redirect_uris: ['http://127.0.0.1/callback', 'http://[::1]/callback', 'com.example.app://callback'],
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  }),
  client('told_sub', 'told-sub-secret-told-sub-secret-told', told(false)),
];

const configuration = {
  clients,
  jwks: { keys: await Promise.all([signingKey('RS256', 'rsa'), signingKey('ES256', 'p256'), signingKey('Ed25519', 'ed25519')]) },
  cookies: { keys: ['test-cookie-key'] },
  scopes: ['openid', 'offline_access', 'profile', 'email', 'files:read', 'files:write'],
  acrValues: levels,
  interactions: { policy: policy() },
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'] },
  // As the specification asks: claims of a scope come from userinfo, not in the ID token.
  conformIdTokenClaims: true,
  findAccount: (_context, login) => ({
    accountId: login,
    claims: () => ({
      sub: login,
      name: `User ${login}`,
      preferred_username: login,
      email: `${login}@example.test`,
      email_verified: true,
    }),
  }),
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA', 'Ed25519'] },
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    deviceFlow: { enabled: true, ...devicePages },
    rpInitiatedLogout: { enabled: true },
    revocation: { enabled: true },
  },
  // Its own way to fetch refuses loopback.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  rotateRefreshToken: true,
  ttl: { AccessToken: 300, AuthorizationCode: 60, IdToken: 3600, RefreshToken: 86_400, Session: 86_400, Grant: 86_400, Interaction: 600 },
};

// The port must be known before the issuer is.
const server = createServer();
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const issuer = process.env.ISSUER ?? `http://${host}:${server.address().port}`;
  const provider = new Provider(issuer, configuration);
  for (const event of ['server_error', 'authorization.error', 'grant.error', 'userinfo.error', 'end_session.error', 'backchannel.error']) {
    provider.on(event, (_context, error) => console.error(event, error.error ?? error.message, error.error_description ?? '', error.error_detail ?? ''));
  }
  provider.use(pages(provider));
  server.on('request', provider.callback());
  console.log(`ready ${issuer}`);
});
if (process.env.WATCH_STDIN) process.stdin.resume().on('end', () => process.exit(0));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
