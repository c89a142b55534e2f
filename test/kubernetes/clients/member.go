// A member of a share group, on the client library franz-go, that works until it is told to stop and writes down what it sees, one event a
// line, as role `share` of test/wire/java/KillLoad.java does: "Q time partition offset value" for a delivery, "K outcome sent time partition
// offset" when it ended, and "E error" for what should not be. It releases one record in ten at its first delivery and accepts the rest.
//
// Arguments: FILE BOOTSTRAP TOPIC GROUP [MILLISECONDS]; FILE is what it writes to. It works for so long on what a poll gives, or for 20 to 160.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	recordsMax = 200
	fetchWait  = 250 * time.Millisecond
	// The library tries an acknowledgement again for half a minute, and waits ten seconds for the last answer.
	answerWait   = time.Minute
	metadataWait = 250 * time.Millisecond
	// Whoever holds nothing can't be one of two owners.
	workSteps = 8
	workStep  = 20 * time.Millisecond
)

// What the broker answered to acknowledgements of the batch under way, by partition.
type answers struct {
	mu   sync.Mutex
	told map[int32][]error
}

func (a *answers) take(_ *kgo.Client, results kgo.ShareAckResults) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, result := range results {
		a.told[result.Partition] = append(a.told[result.Partition], result.Err)
	}
}

// How deliveries of a partition ended. One answer of several that says no leaves it open which records it is about.
func (a *answers) outcome(partition int32) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	told := a.told[partition]
	refused := 0
	for _, err := range told {
		if errors.Is(err, kerr.InvalidRecordState) {
			refused++
		} else if err != nil {
			return "unknown"
		}
	}
	switch {
	case len(told) > 0 && refused == 0:
		return ""
	case len(told) > 0 && refused == len(told):
		return "refused"
	default:
		return "unknown"
	}
}

func (a *answers) clear() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.told = map[int32][]error{}
}

func statusFor(record *kgo.Record) kgo.AckStatus {
	if record.DeliveryCount() == 1 && record.Offset%10 == 3 {
		return kgo.AckRelease
	}
	return kgo.AckAccept
}

// Works on what was delivered, ends each delivery and waits for the answers.
func finish(client *kgo.Client, told *answers, records []*kgo.Record, work time.Duration, out io.Writer) {
	now := time.Now().UnixMilli()
	for _, record := range records {
		fmt.Fprintf(out, "Q %d %d %d %s\n", now, record.Partition, record.Offset, record.Value)
	}
	if work == 0 {
		work = time.Duration(1+records[0].Offset%workSteps) * workStep
	}
	time.Sleep(work)
	told.clear()
	sent := time.Now().UnixMilli()
	outcomes := make([]string, len(records))
	for i, record := range records {
		status := statusFor(record)
		if outcomes[i] = "accepted"; status == kgo.AckRelease {
			outcomes[i] = "released"
		}
		record.Ack(status)
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerWait)
	defer cancel()
	if err := client.FlushAcks(ctx); err != nil {
		fmt.Fprintf(out, "E acknowledgements without an answer: %v\n", err)
	}
	confirmed := time.Now().UnixMilli()
	for i, record := range records {
		outcome := outcomes[i]
		if other := told.outcome(record.Partition); other != "" {
			outcome = other
		}
		fmt.Fprintf(out, "K %s %d %d %d %d\n", outcome, sent, confirmed, record.Partition, record.Offset)
	}
}

func run(bootstrap, topic, group string, work time.Duration, out *bufio.Writer) error {
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	told := &answers{told: map[int32][]error{}}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(bootstrap, ",")...),
		kgo.ConsumeTopics(topic),
		kgo.ShareGroup(group),
		kgo.ShareAckCallback(told.take),
		kgo.FetchMaxWait(fetchWait),
		kgo.MetadataMinAge(metadataWait),
		kgo.WithLogger(kgo.BasicLogger(os.Stderr, kgo.LogLevelWarn, nil)),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	for {
		fetches := client.PollRecords(stop, recordsMax)
		if stop.Err() != nil {
			return nil
		}
		fetches.EachError(func(topic string, partition int32, err error) {
			// A broker that stops hangs up on whoever has just come. The library tells of it, since it might be a lack of SASL, and goes on.
			var hungUp *kgo.ErrFirstReadEOF
			if errors.As(err, &hungUp) {
				return
			}
			fmt.Fprintf(out, "E %s-%d: %v\n", topic, partition, err)
		})
		if records := fetches.Records(); len(records) > 0 {
			finish(client, told, records, work, out)
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
}

func main() {
	var work time.Duration
	file, err := os.OpenFile(os.Args[1], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil && len(os.Args) > 5 {
		work, err = time.ParseDuration(os.Args[5] + "ms")
	}
	if err == nil {
		err = run(os.Args[2], os.Args[3], os.Args[4], work, bufio.NewWriter(file))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
