package mcp

import (
	"context"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/i18n"
)

type releasesAsked struct {
	period
	Service string `json:"service,omitempty"`
	Limit   int    `json:"limit,omitempty" jsonschema:"at most so many, 20 when nothing is said"`
}

type releasesAnswer struct {
	Releases []releaseShort `json:"releases" jsonschema:"newest first"`
	More     bool           `json:"more,omitempty"`
}

type releaseShort struct {
	At       string `json:"at"`
	Service  string `json:"service"`
	Env      string `json:"env,omitempty"`
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Author   string `json:"author,omitempty"`
	Note     string `json:"note,omitempty"`
	URL      string `json:"url,omitempty"`
	Rollback bool   `json:"rollback,omitempty"`
	Link     string `json:"link"`
}

func listReleases(s *sdk.Server, a *asker) {
	tool(s, "list_releases", "Releases", "What was released when: for any question that begins with \"since when\".",
		func(ctx context.Context, in releasesAsked) (out releasesAnswer, err error) {
			if in.Since == "" && in.From == "" {
				in.Since = "7d"
			}
			from, to := in.bounds()
			limit := int64(atMost(in.Limit, 20, 100))
			r, err := client.Do(a.api.ListReleasesWithResponse(ctx, &client.ListReleasesParams{From: &from, To: &to, Env: some(in.Env), Service: some(in.Service), Limit: &limit}))
			if err != nil {
				return out, err
			}
			out.More = r.JSON200.Next != ""
			out.Releases, _ = first(r.JSON200.Items, int(limit), func(v *client.ReleaseView) releaseShort {
				return releaseShort{At: at(v.At), Service: v.Service, Env: v.Env, Version: v.Version, Commit: v.Commit, Author: v.Author, Note: i18n.Short(v.Note, 200), URL: v.URL,
					Rollback: v.Rollback, Link: a.link([]string{"releases", v.ID})}
			})
			return out, nil
		})
}
