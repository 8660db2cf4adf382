// The container that holds a pod's namespaces: it waits for the signal that ends the pod.
package main

import (
	"os/signal"
	"syscall"
	"context"
)

func main() {
	ended, _ := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	<-ended.Done()
}
