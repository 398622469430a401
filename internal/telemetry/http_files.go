package telemetry

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// registerFiles adds the exports of a signal.
func registerFiles(a *api.API, s *Service, signal Signal) {
	tag := signal.String()
	api.Download(a, api.Op{
		ID: "export-" + tag, Method: http.MethodGet, Path: "/" + tag + "/export", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary:     "Search " + tag + " into a file",
		Description: "At most a million rows. A file that was cut off is not ended properly: the transfer fails. Cells that a spreadsheet would take for formulas have an apostrophe in front.",
	}, []string{"application/x-ndjson", "text/csv"}, func(_ context.Context, in *struct {
		SelectParams
		Format  string   `query:"format" enum:"ndjson,csv" default:"ndjson" doc:"ndjson is a JSON object a line, as in the list of rows."`
		Columns []string `query:"columns,explode" doc:"Of CSV: keys as the filter knows them, in this order."`
		Order   string   `query:"order" enum:"newest,oldest" default:"newest"`
		Limit   int      `query:"limit" minimum:"1" maximum:"1000000" doc:"At most so many rows; a million when left out."`
	}) (api.File, error) {
		ask, err := in.ask(s)
		if err != nil {
			return api.File{}, err
		}
		var columns []string
		if all := strings.Join(in.Columns, ","); all != "" {
			columns = strings.Split(all, ",")
		}
		write, err := s.Export(signal, Export{Ask: ask, Order: orders[in.Order], CSV: in.Format == "csv", Columns: columns, Limit: in.Limit})
		if err != nil {
			return api.File{}, err
		}
		f := api.File{Name: tag + "-" + ask.To.UTC().Format("20060102-150405") + "." + in.Format, Type: "application/x-ndjson", Write: write}
		if in.Format == "csv" {
			f.Type = "text/csv; charset=utf-8"
		}
		return f, nil
	})
}

func registerAround(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "list-logs-around", Method: http.MethodGet, Path: "/logs/around", Tag: "logs", Permission: authz.TelemetryReadOwn, Heavy: true,
		Summary:     "What the same sender wrote before and after a log",
		Description: "Oldest first, the log itself among them. The log is named by what it has in the list of logs.",
	}, func(ctx context.Context, in *struct {
		Time     string `query:"time" required:"true" maxLength:"64" doc:"The log's time, as it is in the list."`
		ID       string `query:"id" required:"true" maxLength:"20" doc:"The log's id."`
		Service  string `query:"service" required:"true" maxLength:"256"`
		Env      string `query:"env" maxLength:"256"`
		Instance string `query:"instance" maxLength:"1024" doc:"Only of this instance; empty for all instances of the service."`
		Before   int    `query:"before" default:"20" minimum:"0" maximum:"200"`
		After    int    `query:"after" default:"20" minimum:"0" maximum:"200"`
	}) (*api.Out[api.List[LogRecord]], error) {
		at, err := api.ParseTime("time", in.Time, time.Time{})
		if err != nil {
			return nil, err
		}
		id, err := strconv.ParseUint(in.ID, 10, 64)
		if err != nil {
			return nil, fault.Field("id", i18n.F("%q is not the id of a log.", "%q はログの ID ではありません。", in.ID))
		}
		log := Log{ID: id, Time: at.UnixNano(), Source: Source{Env: in.Env, Service: in.Service, Instance: in.Instance}}
		rows, err := s.Around(ctx, log, in.Before, in.After, in.Instance != "")
		if err != nil {
			return nil, err
		}
		return api.OK(api.ListOf(records(rows, NewLogRecord), "")), nil
	})
}
