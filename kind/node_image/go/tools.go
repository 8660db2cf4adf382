//go:build tools

package tools

import (
	_ "github.com/rancher/local-path-provisioner"
	_ "go.etcd.io/etcd/server/v3"
	_ "sigs.k8s.io/kind"
	_ "sigs.k8s.io/kube-network-policies/cmd"
)
