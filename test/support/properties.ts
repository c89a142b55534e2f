import fc from 'fast-check';

/** Where properties begin: the same commit is judged the same way each time. Other values hunt for more. */
export const PROPERTY_SEED = Number(process.env['WEIR_TEST_SEED'] ?? 7);

fc.configureGlobal({ seed: PROPERTY_SEED });

export { fc };
