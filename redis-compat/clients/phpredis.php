<?php
// php-redis (the extension phpredis), called with a port: what PHP applications do with it.
declare(strict_types=1);

$passed = 0;
$failed = 0;

function check(bool $ok, string $what, string $detail = ''): void
{
    global $passed, $failed;
    if ($ok) {
        $passed++;
    } else {
        $failed++;
        echo "FAILED: $what", $detail === '' ? '' : ": $detail", "\n";
    }
}

function equal($got, $expected, string $what): void
{
    check($got === $expected, $what, 'got ' . var_export($got, true) . ', expected ' . var_export($expected, true));
}

function raises(callable $call, string $message, string $what): void
{
    try {
        $call();
        check(false, $what, 'no RedisException');
    } catch (RedisException $error) {
        check(str_contains($error->getMessage(), $message), $what, $error->getMessage());
    }
}

/** Without the NUL byte that this version leaves at the end. */
function last_error(Redis $r): string
{
    return rtrim((string) $r->getLastError(), "\0");
}

function connect(): Redis
{
    global $port;
    $redis = new Redis();
    $redis->connect('127.0.0.1', $port, 20, null, 0, 20);
    return $redis;
}

function strings(Redis $r): void
{
    equal($r->set('s', 'v'), true, 'set');
    equal($r->get('s'), 'v', 'get');
    equal($r->get('absent'), false, 'get of nothing');
    equal($r->set('s', 'w', ['nx', 'ex' => 100]), false, 'set nx of something');
    equal($r->set('s', 'w', ['xx', 'ex' => 100]), true, 'set xx ex');
    check($r->ttl('s') > 90, 'ttl');
    equal($r->set('s', 'x', ['keepttl']), true, 'set keepttl');
    check($r->pttl('s') > 90000, 'is kept');
    equal($r->mSet(['m1' => '1', 'm2' => '2']), true, 'mSet');
    equal($r->mGet(['m1', 'absent', 'm2']), ['1', false, '2'], 'mGet');
    equal($r->mSetNx(['m1' => '2', 'm3' => '3']), false, 'mSetNx');
    equal($r->setNx('nx', '1'), true, 'setNx');
    equal($r->getSet('nx', '2'), '1', 'getSet');
    equal($r->append('m1', 'xyz'), 4, 'append');
    equal($r->strLen('m1'), 4, 'strLen');
    equal($r->setRange('m1', 6, '!'), 7, 'setRange');
    equal($r->get('m1'), "1xyz\0\0!", 'the gap is zeros');
    equal($r->getRange('m1', 1, 3), 'xyz', 'getRange');
    equal($r->rawCommand('GETDEL', 'm2'), '2', 'GETDEL by rawCommand');
    equal($r->incr('n'), 1, 'incr');
    equal($r->incrBy('n', 41), 42, 'incrBy');
    equal($r->decrBy('n', 2), 40, 'decrBy');
    equal($r->incrByFloat('n', 0.5), 40.5, 'incrByFloat');
    equal($r->setBit('bits', 7, true), 0, 'setBit');
    equal($r->getBit('bits', 7), 1, 'getBit');
    equal($r->bitCount('bits'), 1, 'bitCount');
    equal($r->bitOp('NOT', 'other bits', 'bits'), 1, 'bitOp');
    equal($r->pfAdd('hll', ['a', 'b', 'a']), 1, 'pfAdd');
    equal($r->pfCount('hll'), 2, 'pfCount');
}

function bytes(Redis $r): void
{
    $odd = "\0\xff\r\n$3*";
    equal($r->set($odd, $odd), true, 'bytes in key and value');
    equal($r->get($odd), $odd, 'come back');
    $big = random_bytes(3 << 20);
    equal($r->set('big', $big), true, 'set of 3 MiB');
    check($r->get('big') === $big, 'get of 3 MiB');
    $r->setOption(Redis::OPT_SERIALIZER, (string) Redis::SERIALIZER_PHP);
    $r->set('thing', ['a' => 1, 'b' => [true, null]]);
    equal($r->get('thing'), ['a' => 1, 'b' => [true, null]], 'the serializer of PHP');
    $r->setOption(Redis::OPT_SERIALIZER, (string) Redis::SERIALIZER_NONE);
    $r->setOption(Redis::OPT_PREFIX, 'app:');
    $r->set('prefixed', '1');
    $r->setOption(Redis::OPT_PREFIX, '');
    equal($r->get('app:prefixed'), '1', 'a prefix');
    $r->set('dumped', 'v');
    equal($r->restore('restored', 0, $r->dump('dumped')), true, 'dump and restore');
    equal($r->get('restored'), 'v', 'what was restored');
}

function expiry(Redis $r): void
{
    equal($r->setEx('e', 100, 'v'), true, 'setEx');
    equal($r->pSetEx('p', 100000, 'v'), true, 'pSetEx');
    equal($r->expire('e', 200), true, 'expire');
    check($r->ttl('e') > 190, 'its ttl');
    equal($r->expireAt('e', time() + 50), true, 'expireAt');
    equal($r->persist('e'), true, 'persist');
    equal($r->ttl('e'), -1, 'ttl without expiry');
    equal($r->ttl('absent'), -2, 'ttl of nothing');
    equal($r->pExpire('p', 1), true, 'pExpire');
    for ($end = microtime(true) + 5; $r->exists('p') === 1 && microtime(true) < $end;);
    equal($r->get('p'), false, 'is over');
}

function keys(Redis $r): void
{
    $r->flushDB();
    $all = [];
    for ($i = 0; $i < 3000; $i++) {
        $all["key:$i"] = $i;
    }
    $r->mSet($all);
    equal($r->dbSize(), 3000, 'dbSize');
    $r->setOption(Redis::OPT_SCAN, (string) Redis::SCAN_RETRY);
    $found = [];
    $cursor = null;
    while ($some = $r->scan($cursor, 'key:*', 100)) {
        $found += array_flip($some);
    }
    equal(count($found), 3000, 'scan');
    equal(count($r->keys('key:12*')), 111, 'keys');
    equal($r->del(['key:1', 'key:2', 'absent']), 2, 'del');
    equal($r->unlink('key:3'), 1, 'unlink');
    equal($r->exists('key:4', 'key:4', 'key:1'), 2, 'exists');
    equal($r->type('key:4'), Redis::REDIS_STRING, 'type');
    equal($r->rename('key:4', 'renamed'), true, 'rename');
    equal($r->renameNx('renamed', 'key:5'), false, 'renameNx');
    equal($r->object('encoding', 'key:5'), 'int', 'object encoding');
    equal($r->move('key:5', 3), true, 'move');
    equal($r->select(3), true, 'select');
    equal($r->get('key:5'), '5', 'is there');
    $r->flushDB();
    $r->select(0);
}

function pipelines(Redis $r): void
{
    $pipe = $r->pipeline();
    for ($i = 0; $i < 5000; $i++) {
        $pipe->set("p$i", (string) $i);
        $pipe->get("p$i");
    }
    $got = $pipe->exec();
    $right = count($got) === 10000;
    for ($i = 0; $i < 5000 && $right; $i++) {
        $right = $got[2 * $i] === true && $got[2 * $i + 1] === (string) $i;
    }
    check($right, '10,000 commands in a pipeline');
    equal($r->pipeline()->set('x', 'abc')->incr('x')->get('x')->exec(), [true, false, 'abc'],
        "an error in a pipeline is its command's alone");
}

function transactions(Redis $r): void
{
    equal($r->multi()->set('t', '1')->incr('t')->get('t')->exec(), [true, 2, '2'], 'multi');
    $r->multi()->set('t', '9');
    equal($r->discard(), true, 'discard');
    equal($r->get('t'), '2', 'none of it ran');
    $other = connect();
    $r->watch('t');
    $other->set('t', 'theirs');
    equal($r->multi()->set('t', 'mine')->exec(), false, 'a watched key that has changed');
    $r->watch('t');
    $r->unwatch();
    $other->set('t', 'again');
    equal($r->multi()->get('t')->exec(), ['again'], 'unwatch');
}

function errors(Redis $r): void
{
    $r->set('text', 'abc');
    equal($r->incr('text'), false, 'incr of a text');
    equal(last_error($r), 'ERR value is not an integer or out of range', 'getLastError');
    $r->clearLastError();
    equal($r->rawCommand('NOSUCH', 'a'), false, 'an unknown command');
    equal(last_error($r), "ERR unknown command 'NOSUCH', with args beginning with: 'a' ", 'is told');
    $r->clearLastError();
}

function pubsub(Redis $r): void
{
    $listener = connect();
    $listener->setOption(Redis::OPT_READ_TIMEOUT, '20');
    $got = [];
    // The listener blocks: what it hears first is published once it is there.
    $pid = pcntl_available() ? pcntl_fork() : -1;
    if ($pid === 0) {
        $mine = connect();
        for ($end = microtime(true) + 10; microtime(true) < $end && $mine->publish('news', 'first') === 0;);
        $mine->publish('news', "\0bytes\r\n");
        $mine->publish('news', 'end');
        exit_quietly();
    }
    check($pid > 0, 'a process that publishes');
    try {
        $listener->subscribe(['news'], function (Redis $self, string $channel, string $message) use (&$got) {
            $got[] = [$channel, $message];
            if ($message === 'end') {
                $self->close(); // the way out: unsubscribe() within takes the replies that subscribe() waits for
            }
        });
    } catch (RedisException) {
        // It was closed.
    }
    equal($got, [['news', 'first'], ['news', "\0bytes\r\n"], ['news', 'end']], 'messages');
    for ($end = microtime(true) + 5; $r->pubsub('channels', '*') !== [] && microtime(true) < $end;);
    equal($r->pubsub('channels', '*'), [], 'nobody is left');
}

function server(Redis $r): void
{
    equal($r->ping(), true, 'ping');
    equal($r->echo('x'), 'x', 'echo');
    check(str_starts_with($r->info('server')['redis_version'], '7.'), 'info');
    equal($r->config('GET', 'appendfsync'), ['appendfsync' => 'everysec'], 'config get');
    check(abs((int) $r->time()[0] - time()) <= 2, 'time');
    $r->client('setname', 'php');
    equal($r->client('getname'), 'php', 'client setname');
}

function reconnects(Redis $r): void
{
    $lost = connect();
    $id = $lost->client('id');
    $r->rawCommand('CLIENT', 'KILL', 'ID', (string) $id);
    equal($lost->set('after', 'the end'), true, 'a command after the connection was lost');
    check($lost->client('id') > $id, 'by another connection');
}

function users(Redis $r): void
{
    global $port;
    $known = connect();
    equal($known->auth(['compat', 'secret']), true, 'auth');
    equal($known->acl('whoami'), 'compat', 'is somebody');
    raises(fn() => connect()->auth(['compat', 'wrong']), 'WRONGPASS', 'a wrong password');
    $nobody = new Redis();
    raises(fn() => $nobody->connect('127.0.0.1', 1, 1), 'refused', 'nobody listens');
    if ($path = getenv('COMPAT_SOCKET')) {
        $local = new Redis();
        equal($local->connect($path), true, 'a Unix socket');
        equal($local->echo('local'), 'local', 'echo');
    }
    if ($tls = getenv('COMPAT_TLS_PORT')) {
        $safe = new Redis();
        $safe->connect('tls://localhost', (int) $tls, 20, null, 0, 20, ['stream' => ['cafile' => getenv('COMPAT_CA')]]);
        equal($safe->echo('over TLS'), 'over TLS', 'TLS');
        $wrong = new Redis();
        equal(@$wrong->connect('tls://localhost', (int) $tls, 20, null, 0, 20), false, 'without the CA');
        raises(fn() => $wrong->ping(), 'went away', 'it is not connected');
    }
}

/** The session handler of the extension, as php.ini's session.save_handler = redis. */
function sessions(Redis $r): void
{
    global $port;
    $path = "tcp://127.0.0.1:$port?prefix=SESS:";
    $script = 'session_id("abc"); session_start(); $_SESSION["n"] = ($_SESSION["n"] ?? 0) + 1; echo $_SESSION["n"];';
    for ($i = 1; $i <= 2; $i++) {
        $got = shell_exec(escapeshellarg(PHP_BINARY) . ' -d session.save_handler=redis -d session.use_cookies=0 '
            . '-d session.cache_limiter= -d ' . escapeshellarg("session.save_path=\"$path\"") . ' -r ' . escapeshellarg($script));
        equal($got, (string) $i, "a session, request $i");
    }
    equal($r->get('SESS:abc'), 'n|i:2;', 'is there');
    check($r->ttl('SESS:abc') > 1000, 'and expires');
}

function pcntl_available(): bool
{
    return function_exists('pcntl_fork') && function_exists('posix_kill');
}

/** Ends the child without what belongs to its parent. */
function exit_quietly(): void
{
    posix_kill(getmypid(), SIGKILL);
}

$port = (int) $argv[1];
$redis = connect();
$redis->flushAll();
foreach (['strings', 'bytes', 'expiry', 'keys', 'pipelines', 'transactions', 'errors', 'pubsub', 'server',
          'reconnects', 'users', 'sessions'] as $test) {
    try {
        $test($redis);
    } catch (Throwable $error) {
        check(false, $test, (string) $error);
    }
}
echo "$passed passed, $failed failed\n";
exit($failed > 0 ? 1 : 0);
