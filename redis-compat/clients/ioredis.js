// npm's ioredis: what a node application does with it.  COMPAT_MODULE says which of its versions.
'use strict';
const name = process.env.COMPAT_MODULE || 'ioredis';
const { Redis } = require(name);
const { equal, refused, until, run, tls, ACCOUNT } = require('./tally.js');

async function strings(redis) {
    equal(await redis.set('s', 'v'), 'OK', 'set');
    equal(await redis.get('s'), 'v', 'get');
    equal(await redis.get('absent'), null, 'get of nothing');
    equal(await redis.set('s', 'w', 'NX'), null, 'set nx of something');
    equal(await redis.set('s', 'w', 'EX', 100, 'XX', 'GET'), 'v', 'set ex xx get');
    equal(await redis.set('s', 'x', 'KEEPTTL'), 'OK', 'set keepttl');
    equal((await redis.ttl('s')) > 90, true, 'is kept');
    equal(await redis.mset(new Map([['m1', '1'], ['m2', '2']])), 'OK', 'mset of a map');
    equal(await redis.mget('m1', 'absent', 'm2'), ['1', null, '2'], 'mget');
    equal(await redis.append('m1', 'xyz'), 4, 'append');
    equal(await redis.setrange('m1', 6, '!'), 7, 'setrange');
    equal(await redis.getBuffer('m1'), Buffer.from('1xyz\0\0!'), 'the gap is zeros');
    equal(await redis.getrange('m1', 1, 3), 'xyz', 'getrange');
    equal(await redis.getdel('m2'), '2', 'getdel');
    equal(await redis.incrby('n', 41), 41, 'incrby');
    equal(await redis.decr('n'), 40, 'decr');
    equal(await redis.incrbyfloat('n', 0.5), '40.5', 'incrbyfloat');
    equal(await redis.setbit('bits', 7, 1), 0, 'setbit');
    equal(await redis.bitcount('bits'), 1, 'bitcount');
    equal(await redis.pfadd('hll', 'a', 'b', 'a'), 1, 'pfadd');
    equal(await redis.pfcount('hll'), 2, 'pfcount');
}

async function bytes(redis) {
    const odd = Buffer.from([0, 255, 13, 10, 36, 42, 0]);
    await redis.set(odd, odd);
    equal(await redis.getBuffer(odd), odd, 'bytes in key and value');
    const big = Buffer.alloc(3 << 20);
    big.forEach((_, i) => { big[i] = (i * 2654435761) >>> 24; });
    await redis.set('big', big);
    equal((await redis.getBuffer('big')).equals(big), true, '3 MiB');
    equal(await redis.set('empty', ''), 'OK', 'an empty value');
    equal(await redis.get('empty'), '', 'is not nothing');
}

async function expiry(redis) {
    equal(await redis.setex('e', 100, 'v'), 'OK', 'setex');
    equal(await redis.expire('e', 10, 'GT'), 0, 'expire gt');
    equal(await redis.expire('e', 10, 'LT'), 1, 'expire lt');
    equal((await redis.pttl('e')) <= 10000, true, 'pttl');
    equal(await redis.getex('e', 'PERSIST'), 'v', 'getex persist');
    equal(await redis.ttl('e'), -1, 'ttl without expiry');
    equal(await redis.ttl('absent'), -2, 'ttl of nothing');
    await redis.set('short', 'v', 'PX', 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    equal(await redis.get('short'), null, 'is over');
}

async function errors(redis) {
    await redis.set('text', 'abc');
    await refused(redis.incr('text'), 'ERR value is not an integer or out of range', 'incr of a text');
    const error = await redis.incr('text').catch((e) => e);
    equal([error.name, error.command], ['ReplyError', { name: 'incr', args: ['text'] }], 'ReplyError');
    await refused(redis.set('text', 'v', 'EX', 0), "ERR invalid expire time in 'set' command", 'set ex 0');
    await refused(redis.call('NOSUCH', 'a'), "ERR unknown command 'NOSUCH', with args beginning with: 'a' ", 'an unknown command');
}

async function pipelines(redis) {
    const pipe = redis.pipeline();
    for (let i = 0; i < 10000; i++) {
        pipe.set(`p${i}`, i).get(`p${i}`);
    }
    const replies = await pipe.exec();
    equal(replies.every(([error, v], i) => !error && v === (i % 2 ? String((i - 1) / 2) : 'OK')), true, '20,000 in a pipeline');
    const [first, second, third] = await redis.pipeline().set('x', 'abc').incr('x').get('x').exec();
    equal([first, second[0].message, third], [[null, 'OK'], 'ERR value is not an integer or out of range', [null, 'abc']],
        'an error in a pipeline is its command\'s alone');
}

async function transactions(redis, options) {
    equal(await redis.multi().set('t', '1').incr('t').mget('t', 'absent').exec(),
        [[null, 'OK'], [null, 2], [null, ['2', null]]], 'multi');
    await redis.multi({ pipeline: false });
    equal(await redis.set('t', 'queued'), 'QUEUED', 'multi without a pipeline');
    equal(await redis.exec(), [[null, 'OK']], 'exec');
    const aborted = await redis.multi().set('t', 'new').set('t').exec().catch((error) => error);
    equal([aborted.message.startsWith('EXECABORT'), aborted.previousErrors.length], [true, 1], 'EXECABORT');
    equal(await redis.get('t'), 'queued', 'and none of it ran');
    const other = new Redis(options);
    await redis.watch('t');
    await other.set('t', 'theirs');
    equal(await redis.multi().set('t', 'mine').exec(), null, 'a watched key that has changed');
    equal(await redis.get('t'), 'theirs', 'is not written');
    other.disconnect();
}

async function scans(redis) {
    await redis.flushdb();
    await redis.mset(Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`key:${i}`, i])));
    const found = new Set();
    for await (const some of redis.scanStream({ match: 'key:*', count: 100, type: 'string' })) {
        some.forEach((key) => found.add(key));
    }
    equal(found.size, 3000, 'scanStream');
    equal((await redis.keys('key:12*')).length, 111, 'keys');
    equal(await redis.dbsize(), 3000, 'dbsize');
    equal(await redis.unlink('key:1', 'key:2', 'absent'), 2, 'unlink');
    equal(await redis.exists('key:3', 'key:3'), 2, 'exists');
    equal(await redis.type('key:3'), 'string', 'type');
    const prefixed = new Redis({ ...redis.options, keyPrefix: 'app:' });
    await prefixed.set('k', 'v');
    equal(await redis.get('app:k'), 'v', 'keyPrefix, from COMMAND');
    prefixed.disconnect();
}

async function pubsub(redis, options) {
    const listener = new Redis(options);
    const got = [];
    listener.on('message', (channel, message) => got.push([channel, message]));
    listener.on('pmessage', (pattern, channel, message) => got.push([pattern, channel, message]));
    listener.on('smessage', (channel, message) => got.push([channel, message]));
    equal(await listener.subscribe('news', 'more'), 2, 'subscribe');
    equal(await listener.psubscribe('n*s'), 3, 'psubscribe');
    equal(await listener.ssubscribe('shard'), 1, 'ssubscribe');
    equal(await redis.publish('news', 'hello'), 2, 'publish');
    equal(await redis.spublish('shard', 'there'), 1, 'spublish');
    await until(() => got.length === 3);
    equal(got, [['news', 'hello'], ['n*s', 'news', 'hello'], ['shard', 'there']], 'messages');
    if (name === 'ioredis') {
        await refused(listener.get('x'), 'Connection in subscriber mode, only subscriber commands may be used', 'get of a subscriber');
    }
    equal(await redis.pubsub('NUMSUB', 'news', 'none'), ['news', 1, 'none', 0], 'pubsub numsub');
    await listener.unsubscribe('news', 'more');
    await listener.punsubscribe('n*s');
    await listener.sunsubscribe('shard');
    equal(await redis.publish('news', 'hello'), 0, 'nobody is left');
    await redis.config('SET', 'notify-keyspace-events', 'Ex');
    await listener.subscribe('__keyevent@0__:expired');
    got.length = 0;
    await redis.set('short', 'v', 'PX', 20);
    await until(() => got.length === 1);
    equal(got, [['__keyevent@0__:expired', 'short']], 'expired');
    await redis.config('SET', 'notify-keyspace-events', '');
    listener.disconnect();
}

async function reconnects(redis, options) {
    const lost = new Redis({ ...options, retryStrategy: () => 1 });
    let ends = 0;
    const events = [];
    lost.on('close', () => ends++);
    lost.on('error', () => {});
    lost.on('message', (channel, message) => events.push(message));
    const listener = lost.duplicate();
    listener.on('error', () => {});
    listener.on('message', (channel, message) => events.push(message));
    await listener.subscribe('again');
    const id = await lost.client('ID');
    await redis.client('KILL', 'ID', id);
    await redis.client('KILL', 'TYPE', 'pubsub');
    await until(() => ends === 1);
    equal(await lost.set('after', 'the end'), 'OK', 'a command after the connection was lost');
    equal((await lost.client('ID')) > id, true, 'by another connection');
    for (const end = Date.now() + 5000; events.length === 0 && Date.now() < end;) {
        await redis.publish('again', 'hello');
    }
    equal(events[0], 'hello', 'a subscriber subscribes again');
    lost.disconnect();
    listener.disconnect();
}

async function users(redis, options) {
    const known = new Redis({ ...options, ...ACCOUNT, connectionName: 'ioredis', db: 4 });
    equal(await known.acl('WHOAMI'), 'compat', 'username and password');
    equal(await known.client('GETNAME'), 'ioredis', 'connectionName');
    equal((await known.client('INFO')).includes(' db=4 '), true, 'db');
    known.disconnect();
    const unknown = new Redis({ ...options, ...ACCOUNT, password: 'wrong', retryStrategy: null, maxRetriesPerRequest: 0, lazyConnect: true });
    const events = [];
    unknown.on('error', (error) => events.push(error.message));
    await unknown.connect().catch(() => {});
    await until(() => events.length > 0);
    equal(events[0], 'WRONGPASS invalid username-password pair or user is disabled.', 'a wrong password');
    unknown.disconnect();
    if (tls()) {
        const { port, ca } = tls();
        const safe = new Redis({ ...options, port, tls: { ca, host: 'localhost' } });
        equal(await safe.echo('over TLS'), 'over TLS', 'TLS');
        safe.disconnect();
        const wrong = new Redis({ ...options, port, tls: { host: 'localhost' }, retryStrategy: null, lazyConnect: true });
        wrong.on('error', (error) => events.push(error.code));
        await wrong.connect().catch(() => {});
        await until(() => events.length > 1);
        equal(events[1], 'SELF_SIGNED_CERT_IN_CHAIN', 'without the CA');
    }
}

async function server(redis, options) {
    equal(await redis.ping(), 'PONG', 'ping');
    equal((await redis.info()).includes('redis_version:7.'), true, 'info');
    const watcher = new Redis(options);
    await watcher.ping(); // its own INFO at the start may come between: ioredis is not ready for it yet
    const monitor = await watcher.monitor();
    const seen = [];
    monitor.on('monitor', (time, args) => seen.push(args));
    await redis.set('monitored', 'a b');
    await until(() => seen.length > 0);
    equal(seen[0], ['set', 'monitored', 'a b'], 'monitor');
    monitor.disconnect();
    watcher.disconnect();
    const auto = new Redis({ ...options, enableAutoPipelining: true });
    const values = await Promise.all(Array.from({ length: 1000 }, (_, i) => auto.incr(`auto:${i % 10}`)));
    equal(values.reduce((a, b) => a + b, 0), 50500, 'autopipelining');
    auto.disconnect();
}

run(async (port, each) => {
    const options = { port, host: '127.0.0.1' };
    const redis = new Redis(options);
    await redis.flushall();
    await each([strings, bytes, expiry, errors, pipelines, transactions, scans, pubsub, reconnects, users, server], redis, options);
    equal(await redis.quit(), 'OK', 'quit');
});
