# frozen_string_literal: true

# ruby-redis, called with a port: what Ruby applications do with it.
require 'redis'

$passed = 0
$failed = 0

def check(right, what, detail = '')
  if right
    $passed += 1
  else
    $failed += 1
    puts "FAILED: #{what}#{detail.empty? ? '' : ': '}#{detail}"
  end
end

def equal(got, expected, what)
  check(got == expected, what, "got #{got.inspect[0, 300]}, expected #{expected.inspect[0, 300]}")
end

def raises(kind, message, what)
  yield
  check(false, what, 'nothing was raised')
rescue StandardError => e
  check(e.is_a?(kind) && e.message.include?(message), what, "#{e.class}: #{e.message}")
end

def strings(r)
  equal(r.set('s', 'v'), 'OK', 'set')
  equal(r.get('s'), 'v', 'get')
  equal(r.get('absent'), nil, 'get of nothing')
  equal(r.set('s', 'w', nx: true), false, 'set nx of something')
  equal(r.set('s', 'w', ex: 100, xx: true), true, 'set ex xx')
  equal(r.set('s', 'x', keepttl: true, get: true), 'w', 'set keepttl get')
  check(r.ttl('s') > 90, 'ttl is kept')
  equal(r.mapped_mset('m1' => '1', 'm2' => '2'), 'OK', 'mapped_mset')
  equal(r.mget('m1', 'absent', 'm2'), ['1', nil, '2'], 'mget')
  equal(r.mapped_mget('m1', 'absent'), { 'm1' => '1', 'absent' => nil }, 'mapped_mget')
  equal(r.msetnx('m1', '2', 'm3', '3'), false, 'msetnx')
  equal(r.append('m1', 'xyz'), 4, 'append')
  equal(r.strlen('m1'), 4, 'strlen')
  equal(r.setrange('m1', 6, '!'), 7, 'setrange')
  equal(r.get('m1'), "1xyz\0\0!", 'the gap is zeros')
  equal(r.getrange('m1', 1, 3), 'xyz', 'getrange')
  equal(r.getdel('m2'), '2', 'getdel')
  equal(r.getset('m2', 'a'), nil, 'getset')
  equal(r.getex('m2', ex: 50), 'a', 'getex')
  equal([r.incr('n'), r.incrby('n', 41), r.decr('n'), r.decrby('n', 1)], [1, 42, 41, 40], 'counters')
  equal(r.incrbyfloat('n', 0.5), 40.5, 'incrbyfloat')
  equal([r.setbit('bits', 7, 1), r.getbit('bits', 7), r.bitcount('bits'), r.bitpos('bits', 1)], [0, 1, 1, 7], 'bits')
  equal([r.pfadd('hll', %w[a b a]), r.pfcount('hll')], [true, 2], 'HyperLogLog')
end

def bytes(r)
  odd = "\x00\xFF\r\n$3*".b
  r.set(odd, odd)
  equal(r.get(odd).b, odd, 'bytes in key and value')
  big = Random.new(1).bytes(3 << 20)
  r.set('big', big)
  check(r.get('big').b == big, '3 MiB')
  r.set('text', 'grüße')
  equal(r.get('text'), 'grüße', 'UTF-8')
  equal(r.restore('restored', 5000, r.dump('text')), 'OK', 'dump and restore')
  equal(r.get('restored'), 'grüße', 'what was restored')
end

def expiry(r)
  equal(r.setex('e', 100, 'v'), 'OK', 'setex')
  equal(r.expire('e', 10, gt: true), false, 'expire gt')
  equal(r.expire('e', 10, lt: true), true, 'expire lt')
  check(r.pttl('e') <= 10_000, 'pttl')
  equal(r.persist('e'), true, 'persist')
  equal([r.ttl('e'), r.ttl('absent')], [-1, -2], 'ttl of what has none')
  equal(r.expireat('e', 1), true, 'expireat in the past')
  equal(r.exists?('e'), false, 'is over')
  raises(Redis::CommandError, "invalid expire time in 'setex' command", 'setex 0') { r.setex('e', 0, 'v') }
end

def keys(r)
  r.flushdb
  r.mset(*(0...3000).flat_map { |i| ["key:#{i}", i] })
  equal(r.dbsize, 3000, 'dbsize')
  equal(r.scan_each(match: 'key:*', count: 100, type: 'string').to_a.uniq.size, 3000, 'scan_each')
  equal(r.scan_each(match: 'key:12*').to_a.uniq.size, 111, 'scan_each match')
  equal(r.keys('key:12*').size, 111, 'keys')
  equal(r.del('key:1', 'key:2', 'absent'), 2, 'del')
  equal(r.unlink('key:3'), 1, 'unlink')
  equal(r.exists('key:4', 'key:4'), 2, 'exists')
  equal([r.type('key:4'), r.type('absent')], %w[string none], 'type')
  equal(r.copy('key:4', 'copied'), true, 'copy')
  equal(r.rename('copied', 'renamed'), 'OK', 'rename')
  raises(Redis::CommandError, 'no such key', 'rename of nothing') { r.rename('absent', 'x') }
  equal(r.object('encoding', 'renamed'), 'int', 'object encoding')
end

def pipelines(r)
  got = r.pipelined { |pipe| 5000.times { |i| pipe.set("p#{i}", i); pipe.get("p#{i}") } }
  equal(got, (0...5000).flat_map { |i| ['OK', i.to_s] }, '10,000 commands in a pipeline')
  raises(Redis::CommandError, 'value is not an integer', 'an error in a pipeline') do
    r.pipelined { |pipe| pipe.set('x', 'abc'); pipe.incr('x'); pipe.set('y', 'ran') }
  end
  equal(r.get('y'), 'ran', "is its command's alone")
end

def transactions(r)
  equal(r.multi { |tx| tx.set('t', '1'); tx.incr('t'); tx.mget('t', 'absent') }, ['OK', 2, ['2', nil]], 'multi')
  future = nil
  r.multi { |tx| future = tx.get('t') }
  equal(future.value, '2', 'a future')
  other = Redis.new(port: PORT)
  kept = r.watch('t') { other.set('t', 'theirs'); r.multi { |tx| tx.set('t', 'mine') } }
  equal(kept, nil, 'a watched key that has changed')
  kept = r.watch('t') { r.multi { |tx| tx.set('t', 'mine') } }
  equal(kept, ['OK'], 'a watched key that has not')
  raises(Redis::CommandError, "wrong number of arguments for 'get' command", 'a wrong command aborts it') do
    r.multi { |tx| tx.set('t', 'new'); tx.call(['GET']) }
  end
  equal(r.get('t'), 'mine', 'and none of it ran')
end

def errors(r)
  r.set('text', 'abc')
  raises(Redis::CommandError, 'ERR value is not an integer or out of range', 'incr of a text') { r.incr('text') }
  raises(Redis::CommandError, "ERR unknown command 'nosuch'", 'an unknown command') { r.call('nosuch', 'a') }
  raises(Redis::CannotConnectError, 'ECONNREFUSED', 'nobody listens') { Redis.new(port: 1, reconnect_attempts: 0).ping }
end

def pubsub(r)
  listener = Redis.new(port: PORT, reconnect_attempts: 0)
  heard = []
  there = Queue.new
  thread = Thread.new do
    listener.psubscribe('n*') do |on|
      on.psubscribe { there << true }
      on.pmessage { |pattern, channel, message| heard << [pattern, channel, message] }
    end
  rescue Redis::BaseConnectionError
    there << false
  end
  equal(there.pop, true, 'psubscribe')
  got = []
  Redis.new(port: PORT, reconnect_attempts: 0).subscribe_with_timeout(20, 'news') do |on|
    on.subscribe { 3.times { |i| r.publish('news', i) } }
    on.message do |channel, message|
      got << [channel, message]
      Redis.new(port: PORT).client(:kill, 'TYPE', 'pubsub') if message == '2'
    end
  end
rescue Redis::BaseConnectionError
  equal(got, [%w[news 0], %w[news 1], %w[news 2]], 'messages of a channel')
  thread.join(20)
  equal(heard, (0..2).map { |i| ['n*', 'news', i.to_s] }, 'messages of a pattern')
  equal(r.pubsub(:channels), [], 'pubsub channels')
end

def server(r)
  equal(r.ping, 'PONG', 'ping')
  equal(r.echo('x'), 'x', 'echo')
  check(r.info['redis_version'].start_with?('7.'), 'info')
  equal(r.config(:get, 'appendfsync'), { 'appendfsync' => 'everysec' }, 'config get')
  check((r.time[0] - Time.now.to_i).abs <= 2, 'time')
  equal(r.client(:list).map { |c| c['db'] }.include?('0'), true, 'client list')
end

def reconnects(r)
  lost = Redis.new(port: PORT)
  id = lost.call('CLIENT', 'ID')
  r.call('CLIENT', 'KILL', 'ID', id)
  equal(lost.set('after', 'the end'), 'OK', 'a command after the connection was lost')
  check(lost.call('CLIENT', 'ID') > id, 'by another connection')
end

def users(_)
  known = Redis.new(port: PORT, username: 'compat', password: 'secret', id: 'ruby', db: 4)
  equal(known.call('ACL', 'WHOAMI'), 'compat', 'username and password')
  equal(known.client(:getname), 'ruby', 'its name')
  raises(Redis::CommandError, 'WRONGPASS', 'a wrong password') do
    Redis.new(port: PORT, username: 'compat', password: 'wrong').ping
  end
  by_url = Redis.new(url: "redis://compat:secret@127.0.0.1:#{PORT}/4")
  equal(by_url.call('ACL', 'WHOAMI'), 'compat', 'by URL')
  equal(Redis.new(path: ENV['COMPAT_SOCKET']).echo('local'), 'local', 'a Unix socket') if ENV['COMPAT_SOCKET']
  return unless (tls = ENV['COMPAT_TLS_PORT'])

  safe = Redis.new(url: "rediss://localhost:#{tls}", ssl_params: { ca_file: ENV['COMPAT_CA'] })
  equal(safe.echo('over TLS'), 'over TLS', 'TLS')
  raises(OpenSSL::SSL::SSLError, 'certificate verify failed', 'without the CA') do
    Redis.new(url: "rediss://localhost:#{tls}", reconnect_attempts: 0).ping
  end
end

PORT = Integer(ARGV[0])
redis = Redis.new(port: PORT, timeout: 20)
redis.flushall
%i[strings bytes expiry keys pipelines transactions errors pubsub server reconnects users].each do |test|
  send(test, redis)
rescue StandardError => e
  check(false, test.to_s, "#{e.class}: #{e.message} #{e.backtrace.first(3)}")
end
puts "#{$passed} passed, #{$failed} failed"
exit($failed.zero? ? 0 : 1)
