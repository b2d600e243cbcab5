// npm's redis in RESP3: what a node application does with it.  COMPAT_MODULE says which of its versions.
'use strict';
const { createClient, RESP_TYPES, BasicClientSideCache } = require(process.env.COMPAT_MODULE || 'redis');
const { equal, refused, until, run, tls, ACCOUNT } = require('./tally.js');

async function strings(client) {
    equal(await client.set('s', 'v'), 'OK', 'set');
    equal(await client.get('s'), 'v', 'get');
    equal(await client.get('absent'), null, 'get of nothing');
    equal(await client.set('s', 'w', { condition: 'NX' }), null, 'set nx of something');
    equal(await client.set('s', 'w', { condition: 'XX', GET: true }), 'v', 'set xx get');
    equal(await client.mSet({ m1: '1', m2: '2' }), 'OK', 'mSet');
    equal(await client.mGet(['m1', 'absent', 'm2']), ['1', null, '2'], 'mGet');
    equal(await client.mSetNX({ m1: '1', m9: '9' }), 0, 'mSetNX');
    equal(await client.append('m1', 'xyz'), 4, 'append');
    equal(await client.getRange('m1', 1, -1), 'xyz', 'getRange');
    equal(await client.getDel('m1'), '1xyz', 'getDel');
    equal(await client.incr('n'), 1, 'incr');
    equal(await client.incrBy('n', 41), 42, 'incrBy');
    equal(await client.incrByFloat('n', 0.5), '42.5', 'incrByFloat stays a string in RESP3');
    await refused(client.incr('n'), 'ERR value is not an integer or out of range', 'incr of a float');
    const bytes = Buffer.from([0, 255, 13, 10, 0]);
    const raw = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    await raw.set('bytes', bytes);
    equal(await raw.get('bytes'), bytes, 'bytes');
    const big = Buffer.alloc(3 << 20, 'x');
    await raw.set('big', big);
    equal((await raw.get('big')).equals(big), true, '3 MiB');
}

async function expiry(client) {
    equal(await client.setEx('e', 100, 'v'), 'OK', 'setEx');
    const ttl = await client.ttl('e');
    equal(ttl >= 98 && ttl <= 100, true, 'ttl');
    equal(await client.expire('e', 10, 'GT'), 0, 'expire gt');
    equal(await client.getEx('e', { type: 'PERSIST' }), 'v', 'getEx persist');
    equal(await client.ttl('e'), -1, 'no expiry');
    equal(await client.pTTL('absent'), -2, 'no key');
    equal(await client.set('k', 'v', { expiration: { type: 'EX', value: 50 } }), 'OK', 'set ex');
    equal(await client.set('k', 'w', { expiration: 'KEEPTTL' }), 'OK', 'set keepttl');
    equal((await client.ttl('k')) > 40, true, 'kept');
    equal(await client.pExpire('k', -1), 1, 'pExpire in the past');
    equal(await client.exists('k'), 0, 'is gone');
}

async function keys(client) {
    await client.flushDb();
    const all = {};
    for (let i = 0; i < 3000; i++) {
        all[`key:${i}`] = String(i);
    }
    await client.mSet(all);
    equal(await client.dbSize(), 3000, 'dbSize');
    const found = new Set();
    for await (const some of client.scanIterator({ MATCH: 'key:*', COUNT: 100, TYPE: 'string' })) {
        some.forEach((key) => found.add(key));
    }
    equal(found.size, 3000, 'scanIterator');
    equal(await client.type('key:1'), 'string', 'type');
    equal(await client.del(['key:1', 'key:2', 'absent']), 2, 'del');
    equal(await client.exists(['key:3', 'key:3']), 2, 'exists');
}

async function pipelines(client) {
    const sets = [];
    for (let i = 0; i < 10000; i++) {
        sets.push(client.set(`p${i}`, String(i)));
    }
    equal(new Set(await Promise.all(sets)), new Set(['OK']), '10,000 sets at once');
    const gets = [];
    for (let i = 0; i < 10000; i++) {
        gets.push(client.get(`p${i}`));
    }
    equal((await Promise.all(gets)).every((v, i) => v === String(i)), true, '10,000 gets at once');
    equal(await client.multi().set('a', '1').incr('a').execAsPipeline(), ['OK', 2], 'execAsPipeline');
}

async function transactions(client) {
    equal(await client.multi().set('t', '1').incr('t').mGet(['t', 'absent']).exec(), ['OK', 2, ['2', null]], 'multi');
    const errors = await client.multi().set('t', 'x').incr('t').get('t').execTyped().catch((error) => error);
    equal(errors.replies[1].message, 'ERR value is not an integer or out of range', 'an error within');
    equal(errors.replies[2], 'x', 'and the rest ran');
    await client.watch('t');
    await client.sendCommand(['SET', 't', 'mine']);
    const name = await client.multi().get('t').exec().catch((error) => error.constructor.name);
    equal(name, 'WatchError', 'a watched key that has changed');
}

async function server(client) {
    equal(await client.ping(), 'PONG', 'ping');
    equal(await client.echo('x'), 'x', 'echo');
    equal((await client.info()).includes('redis_version:7.'), true, 'info');
    const hello = await client.hello(3);
    equal([hello.proto, hello.mode, hello.role, hello.modules], [3, 'standalone', 'master', []], 'hello');
    equal({ ...(await client.configGet('appendfsync')) }, { appendfsync: 'everysec' }, 'configGet is a map');
    equal(await client.clientGetName(), 'node', 'name');
    await refused(client.sendCommand(['NOSUCH', 'a']), "ERR unknown command 'NOSUCH', with args beginning with: 'a' ",
        'an unknown command');
}

async function pubsub(client, options) {
    const listener = createClient(options);
    listener.on('error', (error) => console.log(`error event: ${error.message}`));
    await listener.connect();
    const got = [];
    await listener.subscribe('news', (message, channel) => got.push(['message', channel, message]));
    await listener.pSubscribe('n*s', (message, channel) => got.push(['pmessage', channel, message]));
    await listener.sSubscribe('shard', (message, channel) => got.push(['smessage', channel, message]));
    equal(await client.publish('news', 'hello'), 2, 'publish');
    equal(await client.sPublish('shard', 'there'), 1, 'sPublish');
    equal(await listener.set('while', 'subscribed'), 'OK', 'RESP3 lets a subscriber do everything');
    await until(() => got.length === 3);
    equal(got, [['message', 'news', 'hello'], ['pmessage', 'news', 'hello'], ['smessage', 'shard', 'there']], 'messages');
    equal(await client.pubSubChannels(), ['news'], 'pubSubChannels');
    equal({ ...(await client.pubSubNumSub(['news', 'none'])) }, { news: 1, none: 0 }, 'pubSubNumSub');
    equal(await client.pubSubNumPat(), 1, 'pubSubNumPat');
    await listener.unsubscribe('news');
    await listener.pUnsubscribe('n*s');
    await listener.sUnsubscribe('shard');
    equal(await client.publish('news', 'hello'), 0, 'nobody is left');
    await client.configSet('notify-keyspace-events', 'Ex');
    const expired = [];
    await listener.subscribe('__keyevent@0__:expired', (key) => expired.push(key));
    await client.set('short', 'v', { expiration: { type: 'PX', value: 20 } });
    await until(() => expired.length === 1);
    equal(expired, ['short'], 'expired');
    await client.configSet('notify-keyspace-events', '');
    listener.destroy();
}

async function caching(client, options) {
    const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 0, evictPolicy: 'LRU' });
    const cached = createClient({ ...options, clientSideCache: cache });
    cached.on('error', (error) => console.log(`error event: ${error.message}`));
    await cached.connect();
    await client.set('c', '1');
    equal([await cached.get('c'), await cached.get('c')], ['1', '1'], 'a cached get');
    equal(cache.stats().hitCount, 1, 'the second one asks nobody');
    await client.set('c', '2');
    await until(() => cache.size() === 0);
    equal(await cached.get('c'), '2', 'is told of the change');
    cached.destroy();
}

// A connection that is killed: the client comes back by itself.
async function reconnects(client, options) {
    const lost = createClient({ ...options, socket: { ...options.socket, reconnectStrategy: 1 } });
    lost.on('error', () => {});
    await lost.connect();
    const id = await lost.clientId();
    await client.sendCommand(['CLIENT', 'KILL', 'ID', String(id)]);
    await until(() => !lost.isReady);
    equal(await lost.set('after', 'the end'), 'OK', 'a command after the connection was lost');
    equal((await lost.clientId()) > id, true, 'by another connection');
    lost.destroy();
}

async function users(client, options) {
    const known = createClient({ ...options, ...ACCOUNT });
    await known.connect();
    equal(await known.aclWhoAmI(), 'compat', 'HELLO with AUTH');
    known.destroy();
    const unknown = createClient({ ...options, username: 'compat', password: 'wrong' });
    unknown.on('error', () => {});
    await refused(unknown.connect(), 'WRONGPASS invalid username-password pair or user is disabled.', 'a wrong password');
    if (tls()) {
        const { port, ca } = tls();
        const safe = createClient({ ...options, socket: { port, tls: true, ca, host: 'localhost', reconnectStrategy: false } });
        await safe.connect();
        equal(await safe.echo('over TLS'), 'over TLS', 'TLS');
        safe.destroy();
        const wrong = createClient({ ...options, socket: { port, tls: true, host: 'localhost', reconnectStrategy: false } });
        wrong.on('error', () => {});
        equal(await wrong.connect().catch((error) => error.code), 'SELF_SIGNED_CERT_IN_CHAIN', 'without the CA');
    }
}

run(async (port, each) => {
    const commandOptions = { timeout: 60000 }; // version 6 waits five seconds, which a busy machine may take
    const options = { socket: { port, reconnectStrategy: false }, RESP: 3, name: 'node', commandOptions };
    const client = createClient(options);
    client.on('error', (error) => console.log(`error event: ${error.message}`));
    await client.connect();
    await client.flushAll();
    const tests = [strings, expiry, keys, pipelines, transactions, server, pubsub, caching, reconnects, users];
    await each(tests, client, options);
    const other = createClient({ ...options, database: 3 });
    await other.connect();
    equal(await other.dbSize(), 0, 'another database');
    other.destroy();
    await client.quit();
});
