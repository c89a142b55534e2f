const PLUGINS = ['bind', 'cache', 'errors', 'health', 'kubernetes', 'loop', 'ready'] as const;

/** CoreDNS with what a cluster needs of it; with everything that it comes with it takes several times as long to build. */
export const DNS_SOURCE = `package main

import (
${PLUGINS.map((name) => `\t_ "github.com/coredns/coredns/plugin/${name}"`).join('\n')}
\t"github.com/coredns/coredns/core/dnsserver"
\t"github.com/coredns/coredns/coremain"
)

func main() {
\tdnsserver.Directives = []string{"bind", "ready", "health", "errors", "cache", "kubernetes", "loop"}
\tcoremain.Run()
}
`;

/** What holds the network of a pod: it waits. With arguments it is a program that fails, which is what a broken image has. */
export const PAUSE_SOURCE = `package main

import (
\t"fmt"
\t"os"
\t"os/signal"
\t"syscall"
)

func main() {
\tif len(os.Args) > 1 {
\t\tfmt.Fprintln(os.Stderr, "this image is broken")
\t\tos.Exit(1)
\t}
\tsignals := make(chan os.Signal, 8)
\tsignal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
\tfor s := range signals {
\t\tif s != syscall.SIGCHLD {
\t\t\treturn
\t\t}
\t\tfor {
\t\t\tif pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
\t\t\t\tbreak
\t\t\t}
\t\t}
\t}
}
`;
