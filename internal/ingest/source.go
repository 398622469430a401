package ingest

import (
	"strings"
	"unicode"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// unknownService is the name of a service that names itself not. SDKs say
// "unknown_service:java"; what follows the colon is kept, it tells two of them apart.
const unknownService = "unknown_service"

// sourceParts are the resource attributes that become columns, found while the rest is
// collected.
type sourceParts struct {
	service, env, envShort, version, instance string
	host, hostID, pod, podUID, container, pid string
	workload                                  string
	workloadRank                              int
}

// workloads name a service that does not name itself, best first, as the semantic
// conventions have it for Kubernetes.
var workloads = map[string]int{
	"k8s.deployment.name":  7,
	"k8s.statefulset.name": 6,
	"k8s.daemonset.name":   5,
	"k8s.cronjob.name":     4,
	"k8s.job.name":         3,
	"k8s.container.name":   2,
	"faas.name":            1,
}

// source makes the columns and attributes that all rows of a resource share.
func (w *work) source(res pcommon.Resource) (telemetry.Source, telemetry.Flags) {
	w.flags, w.long, w.many = 0, false, false
	var p sourceParts
	start := len(w.attrs)
	for name, v := range res.Attributes().All() {
		k := w.key(name)
		taken := true
		switch k.name {
		case "service.name":
			p.service = w.value(name, k, v)
		case "deployment.environment.name":
			if p.env == "" || !k.old { // the current name wins
				p.env = w.value(name, k, v)
			}
		case "service.version":
			p.version = w.value(name, k, v)
		case "service.instance.id":
			p.instance = w.value(name, k, v)
		case "host.name":
			p.host = w.value(name, k, v)
		default:
			taken = false
		}
		if taken {
			w.flags |= k.flags
			continue
		}
		if len(w.attrs)-start+len(w.old) >= w.lim.Attributes {
			w.flags |= telemetry.Truncated
			w.many = true
			continue
		}
		value := w.value(name, k, v)
		switch k.name {
		case "env", "environment":
			p.envShort = value
		case "k8s.pod.name":
			p.pod = value
		case "k8s.pod.uid":
			p.podUID = value
		case "container.id":
			p.container = value
		case "host.id":
			p.hostID = value
		case "process.pid":
			p.pid = value
		}
		if rank := workloads[k.name]; rank > p.workloadRank && value != "" {
			p.workload, p.workloadRank = value, rank
		}
		w.add(name, k, value)
	}
	w.twice = false // told of rows, not of resources; the flag stays
	p.service, p.workload = cleanName(p.service), cleanName(p.workload)
	src := telemetry.Source{
		Env:      cut(p.env, w.lim.KeyBytes),
		Service:  cut(p.service, w.lim.KeyBytes),
		Version:  cut(p.version, w.lim.KeyBytes),
		Instance: p.instance,
		Host:     first(p.host, p.pod, p.hostID),
		Attrs:    w.finish(start),
	}
	if src.Env == "" {
		src.Env = cut(p.envShort, w.lim.KeyBytes)
	}
	if src.Service == "" || strings.HasPrefix(src.Service, unknownService) {
		src.Service = first(p.workload, src.Service, unknownService)
	}
	if src.Instance == "" {
		switch {
		case p.podUID != "":
			src.Instance = p.podUID
		case p.container != "":
			src.Instance = p.container
		case src.Host != "" && p.pid != "":
			src.Instance = src.Host + ":" + p.pid
		default:
			src.Instance = src.Host
		}
	}
	src.Instance = cut(src.Instance, w.lim.KeyBytes)
	src.Host = cut(src.Host, w.lim.KeyBytes)
	return src, w.flags
}

func first(s ...string) string {
	for _, x := range s {
		if x != "" {
			return x
		}
	}
	return ""
}

// cleanName takes control characters and outer white space out of a name that people
// type and see: of such alone there is no name.
func cleanName(s string) string {
	if strings.ContainsFunc(s, unicode.IsControl) {
		s = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return -1
			}
			return r
		}, s)
	}
	return strings.TrimSpace(s)
}
