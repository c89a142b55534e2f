import { randomBytes } from 'node:crypto';

/**
 * 16 random bytes in base64url that do not begin with '-', which command lines would take for a flag, nor with the zeros
 * of the ids that mean something (as in Kafka).
 */
export function newId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-') && !id.startsWith('AAAAAAAAAAAAAAAAAAAA')) return id;
  }
}
