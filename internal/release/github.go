package release

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/google/go-github/v84/github"
)

// read makes a telling of an event, or says why it is none of this hook's. Others are the
// repository's other hooks.
func (h Hook) read(event any, others []Hook) (t Telling, reason string) {
	for _, o := range others {
		// Tags that begin as another service's do are that one's.
		if len(o.TagPrefix) > len(h.TagPrefix) && strings.HasPrefix(tagOf(event), o.TagPrefix) {
			return t, "the tag begins with " + o.TagPrefix
		}
	}
	switch e := event.(type) {
	case *github.ReleaseEvent:
		return h.ofRelease(e)
	case *github.DeploymentStatusEvent:
		return h.ofDeployment(e)
	case *github.PushEvent:
		return h.ofPush(e)
	}
	return t, "this event says nothing of releases"
}

// tagOf is the tag, or the ref, that an event is about.
func tagOf(event any) string {
	switch e := event.(type) {
	case *github.ReleaseEvent:
		return e.GetRelease().GetTagName()
	case *github.DeploymentStatusEvent:
		return strings.TrimPrefix(e.GetDeployment().GetRef(), "refs/tags/")
	case *github.PushEvent:
		return strings.TrimPrefix(e.GetRef(), "refs/tags/")
	}
	return ""
}

// ofRelease takes a release when it becomes public. GitHub tells of one several times
// (created, published, released); the others add nothing.
func (h Hook) ofRelease(e *github.ReleaseEvent) (t Telling, reason string) {
	r := e.GetRelease()
	if e.GetAction() != "published" && e.GetAction() != "released" {
		return t, "action " + e.GetAction()
	}
	if r.GetDraft() {
		return t, "a draft"
	}
	version, ok := h.version(r.GetTagName())
	if !ok {
		return t, "the tag does not begin with " + h.TagPrefix
	}
	t = Telling{
		Service: h.Service, Version: version, Env: h.env(), Source: FromGitHub,
		Author: cmp.Or(r.GetAuthor().GetLogin(), e.GetSender().GetLogin()), URL: r.GetHTMLURL(), Time: r.GetPublishedAt().Time,
	}
	if name := r.GetName(); name != r.GetTagName() {
		t.Note = clip(name)
	}
	// It may name a branch instead.
	if c := r.GetTargetCommitish(); len(c) == 40 && hexlike(c) {
		t.Commit = c
	}
	return t, ""
}

// ofDeployment takes a deployment when it has succeeded.
func (h Hook) ofDeployment(e *github.DeploymentStatusEvent) (t Telling, reason string) {
	d, st := e.GetDeployment(), e.GetDeploymentStatus()
	if st.GetState() != "success" {
		return t, "state " + st.GetState()
	}
	env := cmp.Or(st.GetEnvironment(), d.GetEnvironment(), h.Env)
	t = Telling{
		Service: h.Service, Env: &env, Commit: d.GetSHA(), Source: FromGitHub,
		Author: cmp.Or(d.GetCreator().GetLogin(), e.GetSender().GetLogin()),
		URL:    cmp.Or(st.GetTargetURL(), st.GetLogURL()), Note: clip(d.GetDescription()), Time: st.GetCreatedAt().Time,
	}
	// Which service and version it is says the pipeline, if it does; else the tag that was
	// deployed. A branch is no version: then it is the commit.
	said := payloadOf(d.Payload)
	if said.Service != "" && said.Service != h.Service {
		return t, "a deployment of " + said.Service
	}
	ref, ok := strings.CutPrefix(tagOf(e), h.TagPrefix)
	if !ok && said.Service == "" {
		return t, "the ref does not begin with " + h.TagPrefix
	}
	if said.Version != "" {
		t.Version = said.Version
		return t, ""
	}
	switch {
	case looksLikeVersion.MatchString(ref):
		t.Version = ref
	case len(d.GetSHA()) >= 12:
		t.Version = d.GetSHA()[:12]
	default:
		return t, "neither a version nor a commit"
	}
	return t, ""
}

var looksLikeVersion = regexp.MustCompile(`^v?\d+(\.\d+)+([-+.][0-9A-Za-z.+-]+)?$`)

// said is what the creator of a deployment may give along.
type said struct {
	Service string `json:"service"`
	Version string `json:"version"`
}

// payloadOf reads a deployment's payload: an object, or a text that holds one. Whatever
// else it is says nothing.
func payloadOf(raw json.RawMessage) (p said) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	if json.Unmarshal(raw, &p) != nil {
		return said{}
	}
	return p
}

// ofPush takes a tag that was pushed.
func (h Hook) ofPush(e *github.PushEvent) (t Telling, reason string) {
	tag, ok := strings.CutPrefix(e.GetRef(), "refs/tags/")
	if !ok {
		return t, "not a tag"
	}
	if e.GetDeleted() {
		return t, "a tag was deleted"
	}
	version, ok := h.version(tag)
	if !ok {
		return t, "the tag does not begin with " + h.TagPrefix
	}
	t = Telling{
		Service: h.Service, Version: version, Env: h.env(), Source: FromGitHub,
		// Not "after": of an annotated tag that is the tag's own object.
		Commit: e.GetHeadCommit().GetID(),
		Author: cmp.Or(e.GetSender().GetLogin(), e.GetPusher().GetName()),
		Note:   clip(firstLine(e.GetHeadCommit().GetMessage())),
	}
	if base := e.GetRepo().GetHTMLURL(); base != "" {
		t.URL = base + "/tree/" + tag
	}
	return t, ""
}

func (h Hook) version(tag string) (string, bool) {
	v, ok := strings.CutPrefix(tag, h.TagPrefix)
	return v, ok && v != ""
}

func (h Hook) env() *string {
	if h.Env == "" {
		return nil
	}
	return &h.Env
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// clip keeps notes short: what is longer can be read at the link.
func clip(s string) string {
	if r := []rune(s); len(r) > 500 {
		return string(r[:500]) + "…"
	}
	return s
}
