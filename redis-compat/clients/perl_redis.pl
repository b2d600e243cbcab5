# Perl's Redis (libredis-perl), called with a port: what Perl applications do with it.
use strict;
use warnings;
use Redis;
use Time::HiRes qw(time);

my ($passed, $failed) = (0, 0);

sub check {
    my ($right, $what, $detail) = @_;
    return $passed++ if $right;
    $failed++;
    print "FAILED: $what", defined $detail ? ": $detail" : '', "\n";
}

# A reply as text: undef, a value, or a list.
sub shown {
    my ($value) = @_;
    return 'undef' unless defined $value;
    return '[' . join(', ', map { shown($_) } @$value) . ']' if ref $value eq 'ARRAY';
    return "$value";
}

sub equal {
    my ($got, $expected, $what) = @_;
    check(shown($got) eq shown($expected), $what, 'got ' . substr(shown($got), 0, 300) . ', expected ' . substr(shown($expected), 0, 300));
}

sub raises {
    my ($pattern, $what, $call) = @_;
    my $ok = eval { $call->(); 1 };
    check(!$ok && $@ =~ $pattern, $what, $ok ? 'nothing was raised' : $@);
}

my $port = shift @ARGV;

sub connected {
    return Redis->new(server => "127.0.0.1:$port", @_);
}

sub strings {
    my ($r) = @_;
    equal($r->set('s', 'v'), 'OK', 'set');
    equal($r->get('s'), 'v', 'get');
    equal($r->get('absent'), undef, 'get of nothing');
    equal($r->set('s', 'w', 'NX'), undef, 'set nx of something');
    equal($r->set('s', 'w', 'EX', 100, 'XX', 'GET'), 'v', 'set ex xx get');
    check($r->ttl('s') > 90, 'ttl');
    equal($r->mset('m1', '1', 'm2', '2'), 'OK', 'mset');
    equal([$r->mget('m1', 'absent', 'm2')], ['1', undef, '2'], 'mget');
    equal($r->msetnx('m1', '2', 'm3', '3'), 0, 'msetnx');
    equal($r->append('m1', 'xyz'), 4, 'append');
    equal($r->setrange('m1', 6, '!'), 7, 'setrange');
    equal($r->get('m1'), "1xyz\0\0!", 'the gap is zeros');
    equal($r->getrange('m1', 1, 3), 'xyz', 'getrange');
    equal($r->getdel('m2'), '2', 'getdel');
    equal($r->getset('g', '1'), undef, 'getset');
    equal([$r->incr('n'), $r->incrby('n', 41), $r->decr('n'), $r->decrby('n', 1)], [1, 42, 41, 40], 'counters');
    equal($r->incrbyfloat('n', '0.5'), '40.5', 'incrbyfloat');
    equal([$r->setbit('bits', 7, 1), $r->getbit('bits', 7), $r->bitcount('bits')], [0, 1, 1], 'bits');
    equal([$r->pfadd('hll', 'a', 'b', 'a'), $r->pfcount('hll')], [1, 2], 'HyperLogLog');
}

sub bytes {
    my ($r) = @_;
    my $odd = "\0\xff\r\n\$3*";
    $r->set($odd, $odd);
    equal($r->get($odd), $odd, 'bytes in key and value');
    my $big = join '', map { chr($_ * 7 % 256) } 1 .. 65536;
    $big x= 48;
    $r->set('big', $big);
    check($r->get('big') eq $big, '3 MiB');
    $r->set('empty', '');
    equal($r->get('empty'), '', 'an empty value');
}

sub expiry {
    my ($r) = @_;
    equal($r->setex('e', 100, 'v'), 'OK', 'setex');
    equal($r->expire('e', 10, 'GT'), 0, 'expire gt');
    equal($r->expire('e', 10, 'LT'), 1, 'expire lt');
    equal($r->persist('e'), 1, 'persist');
    equal([$r->ttl('e'), $r->ttl('absent')], [-1, -2], 'ttl of what has none');
    $r->psetex('p', 1, 'v');
    for (my $end = time + 5; $r->exists('p') && time < $end;) { }
    equal($r->get('p'), undef, 'is over');
    raises(qr/invalid expire time in 'setex' command/, 'setex 0', sub { $r->setex('e', 0, 'v') });
}

sub keys_of_all_kinds {
    my ($r) = @_;
    $r->flushdb;
    $r->mset(map { ("key:$_", $_) } 0 .. 2999);
    equal($r->dbsize, 3000, 'dbsize');
    my ($cursor, %seen) = (0);
    do {
        ($cursor, my $some) = $r->scan($cursor, 'MATCH', 'key:*', 'COUNT', 100);
        $seen{$_} = 1 for @$some;
    } while ($cursor);
    equal(scalar(keys %seen), 3000, 'scan');
    equal(scalar($r->keys('key:12*')), 111, 'keys');
    equal($r->del('key:1', 'key:2', 'absent'), 2, 'del');
    equal($r->exists('key:3'), 1, 'exists');
    equal([$r->type('key:3'), $r->type('absent')], ['string', 'none'], 'type');
    equal($r->rename('key:3', 'renamed'), 'OK', 'rename');
    raises(qr/no such key/, 'rename of nothing', sub { $r->rename('absent', 'x') });
    equal($r->move('renamed', 3), 1, 'move');
    $r->select(3);
    equal($r->get('renamed'), 3, 'is there');
    $r->flushdb;
    $r->select(0);
}

sub pipelines {
    my ($r) = @_;
    my $right = 0;
    for my $i (1 .. 5000) {
        $r->set("p$i", $i, sub { });
        $r->get("p$i", sub { $right++ if $_[0] eq $i });
    }
    $r->wait_all_responses;
    equal($right, 5000, '10,000 commands in a pipeline');
    my @told;
    $r->set('x', 'abc', sub { push @told, $_[0] });
    $r->incr('x', sub { push @told, $_[1] });
    $r->get('x', sub { push @told, $_[0] });
    $r->wait_all_responses;
    equal(\@told, ['OK', 'ERR value is not an integer or out of range', 'abc'], "an error in a pipeline is its command's alone");
}

sub transactions {
    my ($r) = @_;
    $r->multi;
    equal($r->set('t', '1'), 'QUEUED', 'multi');
    $r->incr('t');
    $r->mget('t', 'absent');
    equal([$r->exec], ['OK', 2, ['2', undef]], 'exec');
    $r->multi;
    $r->set('t', 9);
    equal($r->discard, 'OK', 'discard');
    my $other = connected();
    $r->watch('t');
    $other->set('t', 'theirs');
    $r->multi;
    $r->set('t', 'mine');
    equal(scalar(@{ [grep { defined } $r->exec] }), 0, 'a watched key that has changed');
    equal($r->get('t'), 'theirs', 'is not written');
    $r->multi;
    eval { $r->get };
    raises(qr/EXECABORT/, 'a wrong command aborts it', sub { $r->exec });
}

sub errors {
    my ($r) = @_;
    $r->set('text', 'abc');
    raises(qr/^\[incr\] ERR value is not an integer or out of range/, 'incr of a text', sub { $r->incr('text') });
    raises(qr/ERR unknown command 'nosuch', with args beginning with: 'a' /i, 'an unknown command', sub { $r->nosuch('a') });
    raises(qr/Could not connect/, 'nobody listens', sub { Redis->new(server => '127.0.0.1:1') });
}

sub pubsub {
    my ($r) = @_;
    my $listener = connected();
    my @got;
    my $keep = sub { my ($message, $topic, $subscribed) = @_; push @got, [$subscribed, $topic, $message] };
    $listener->subscribe('news', $keep);
    $listener->psubscribe('n*', $keep);
    equal($r->publish('news', "by\0tes"), 2, 'publish');
    for (my $end = time + 5; @got < 2 && time < $end;) { $listener->wait_for_messages(0.05) }
    equal(\@got, [['news', 'news', "by\0tes"], ['n*', 'news', "by\0tes"]], 'messages');
    $listener->unsubscribe('news', $keep);
    $listener->punsubscribe('n*', $keep);
    equal($r->publish('news', 'x'), 0, 'nobody is left');
}

sub server {
    my ($r) = @_;
    equal($r->ping, 'PONG', 'ping');
    equal($r->echo('x'), 'x', 'echo');
    check($r->info->{redis_version} =~ /^7\./, 'info');
    equal([$r->config('GET', 'appendfsync')], ['appendfsync', 'everysec'], 'config get');
    equal($r->client_setname('perl'), 'OK', 'client setname');
    equal($r->client_getname, 'perl', 'client getname');
    check(abs(($r->time)[0] - time) <= 2, 'time');
}

sub reconnects {
    my ($r) = @_;
    my $lost = connected(reconnect => 5, every => 1000, name => 'lost');
    my $id = $lost->client('ID');
    $r->client('KILL', 'ID', $id);
    equal($lost->set('after', 'the end'), 'OK', 'a command after the connection was lost');
    check($lost->client('ID') > $id, 'by another connection');
    equal($lost->client_getname, 'lost', 'with its name again');
}

sub users {
    my $known = connected(username => 'compat', password => 'secret');
    equal($known->acl('WHOAMI'), 'compat', 'username and password');
    raises(qr/WRONGPASS/, 'a wrong password', sub { connected()->auth('compat', 'wrong') });
    if ($ENV{COMPAT_SOCKET}) {
        equal(Redis->new(sock => $ENV{COMPAT_SOCKET})->echo('local'), 'local', 'a Unix socket');
    }
    if ($ENV{COMPAT_TLS_PORT}) {
        my @to = (server => "localhost:$ENV{COMPAT_TLS_PORT}", ssl => 1);
        raises(qr/Could not connect/, 'without the CA', sub { Redis->new(@to)->ping });
        IO::Socket::SSL::set_defaults(SSL_ca_file => $ENV{COMPAT_CA}); # Redis.pm hands on no other option
        equal(Redis->new(@to)->echo('over TLS'), 'over TLS', 'TLS');
    }
}

my $redis = connected();
$redis->flushall;
my @tests = (
    [strings => \&strings], [bytes => \&bytes], [expiry => \&expiry], [keys => \&keys_of_all_kinds],
    [pipelines => \&pipelines], [transactions => \&transactions], [errors => \&errors], [pubsub => \&pubsub],
    [server => \&server], [reconnects => \&reconnects], [users => \&users],
);
for (@tests) {
    my ($name, $test) = @$_;
    eval { $test->($redis); 1 } or check(0, $name, $@);
}
$redis->quit;
print "$passed passed, $failed failed\n";
exit($failed ? 1 : 0);
