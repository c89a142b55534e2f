import { describe, expect, test } from '@jest/globals';
import { measureMetadata } from '../../../bench/metadata.ts';

// Ceilings of three times what is wanted (`npm run bench -- --metadata N` shows the figures themselves).
describe('the metadata of a large cluster', () => {
  test('of 100,000 partitions takes little memory, is loaded in a moment and cloned in none', async () => {
    const figures = await measureMetadata(100_000, 100);
    expect(figures.bytesAPartition).toBeLessThan(3 * 80);
    expect(figures.loadMs).toBeLessThan(3 * 1000);
    expect(figures.cloneMs).toBeLessThan(3 * 10);
    expect(figures.snapshotTurnMs).toBeLessThan(3 * 10);
    expect(figures.restoreTurnMs).toBeLessThan(3 * 10);
  }, 120_000);

  test('of 100,000 topics takes little memory too, and is taken over in short turns', async () => {
    const figures = await measureMetadata(100_000, 1);
    expect(figures.bytesAPartition).toBeLessThan(84);
    expect(figures.restoreTurnMs).toBeLessThan(3 * 10);
    expect(figures.planTurnMs).toBeLessThan(3 * 10);
  }, 120_000);

  test('of 10,000 partitions fits in a turn when a third of them gets another leader', async () => {
    const { registerMs, changeTurnMs } = await measureMetadata(10_000, 100);
    expect(registerMs).toBeLessThan(3 * 20);
    expect(changeTurnMs).toBeLessThan(3 * 20);
  }, 120_000);
});
