import { PRODUCERS_MAX, type ProducerClaim, type ProducerVerdict } from '../../core/log/producer-state.ts';
import type { LogBody } from './log-body.ts';

/** Judges an idempotent producer's batch; says so in the log, once until room is made, when there is no room for it. */
export function judgeProducer(body: LogBody, claim: ProducerClaim): ProducerVerdict {
  const { producers, config, context } = body;
  const verdict = producers.check(claim, context.clock.monotonicMs(), config.producerIdExpirationMs);
  if (verdict.kind === 'too-many-producers' && !body.producersFull) {
    body.producersFull = true;
    context.log.warn(
      { log: body.name, producerId: claim.producerId, count: PRODUCERS_MAX, setting: 'producer.id.expiration.ms' },
      'new idempotent producers are refused until others expire',
    );
  }
  return verdict;
}

/** Forgets producers that were silent for `producer.id.expiration.ms`. */
export function expireProducers(body: LogBody): void {
  const { producers, config, context } = body;
  if (producers.expire(context.clock.monotonicMs(), config.producerIdExpirationMs) > 0) body.producersFull = false;
}
