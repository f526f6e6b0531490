# An app with Ruby's SDK, told nothing but its environment: a JSON question on each line of stdin, one answer out.
require 'aws-sdk-core'
require 'digest'
require 'json'

# Keys never leave in the clear: digests are compared.
def keys_of(provider)
  raise 'no credentials' if provider.nil?

  found = provider.credentials
  token = found.session_token
  keys = {
    id: found.access_key_id,
    secret: Digest::SHA256.hexdigest(found.secret_access_key),
    token: token.nil? || token.empty? ? token : Digest::SHA256.hexdigest(token)
  }
  expires = provider.respond_to?(:expiration) ? provider.expiration : nil
  keys[:expires] = expires.utc.iso8601 if expires
  { keys: keys }
end

def answer_to(question, kept)
  return { version: Aws::CORE_GEM_VERSION } if question['ask'] == 'version'

  # What it read of files belongs to the environment before.
  Aws.shared_config.fresh(config_enabled: true)
  # It does not know the variable.
  start = -> { Aws::STS::Client.new(endpoint: ENV['AWS_ENDPOINT_URL_STS'] || 'http://127.0.0.1:9') }
  name = question['kept']
  app = (kept[name] if name) || start.call
  kept[name] = app if name
  return keys_of(app.config.credentials) if question['ask'] == 'credentials'

  { arn: app.get_caller_identity.arn }
end

answers = $stdout.dup
$stdout.reopen($stderr)
kept = {}
given = {}
$stdin.each_line do |line|
  question = JSON.parse(line)
  given.each_key { |name| ENV.delete(name) }
  given = question.fetch('env', {})
  given.each { |name, value| ENV[name] = value }
  answer =
    begin
      answer_to(question, kept)
    rescue StandardError => e
      { error: "#{e.class}: #{e.message}" }
    end
  answers.puts(JSON.generate(answer))
  answers.flush
end
