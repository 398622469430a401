package cli

import (
	"context"
	"errors"
	"io"

	"github.com/yagura-sre/yagura/internal/mcp"
)

// mcpCmd lets an agent on this machine ask a server. Standard output is the protocol's.
type mcpCmd struct {
	Server string `help:"${server}" env:"YAGURA_SERVER" default:"http://127.0.0.1:7700" placeholder:"URL"`
	Token  string `help:"${token}" env:"YAGURA_TOKEN" placeholder:"yag_..."`
}

func (c mcpCmd) Run(s *session) error {
	api, err := remote{Server: c.Server, Token: c.Token}.open(s)
	if err != nil {
		return err
	}
	err = mcp.ServeStdio(s.ctx, mcp.Options{Client: api, UI: c.Server, Version: s.Version})
	if errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) {
		return nil // the agent is done
	}
	return err
}
