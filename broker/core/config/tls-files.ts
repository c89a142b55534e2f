import type { Settings } from './settings.ts';

/** Files with what a node shows to others and whom it trusts (`weir.grpc.tls.*`); null where it speaks in the clear. */
export function tlsFiles(
  settings: Settings,
): { readonly certFile: string; readonly keyFile: string; readonly caFile: string } | null {
  const certFile = settings.broker('weir.grpc.tls.cert.file');
  const keyFile = settings.broker('weir.grpc.tls.key.file');
  const caFile = settings.broker('weir.grpc.tls.ca.file');
  return certFile === '' ? null : { certFile, keyFile, caFile };
}
