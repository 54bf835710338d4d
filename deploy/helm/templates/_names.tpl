{{- define "aiplatform.secret" -}}
{{- .Values.existingSecret | default (printf "%s-secrets" .Release.Name) -}}
{{- end -}}

{{- define "aiplatform.labels" -}}
app.kubernetes.io/name: aiplatform
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* What both programs are told. */}}
{{- define "aiplatform.env" -}}
- name: ConnectionStrings__redis
  valueFrom: {secretKeyRef: {name: {{ include "aiplatform.secret" . }}, key: redis}}
{{- with .Values.otlpEndpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- if .Values.metrics.enabled }}
- name: Metrics__Prometheus
  value: "true"
- name: Metrics__Url
  value: http://*:9464
{{- end }}
{{- end -}}

{{- define "aiplatform.ports" -}}
ports:
  - {name: http, containerPort: 8080}
  {{- if .Values.metrics.enabled }}
  - {name: metrics, containerPort: 9464}
  {{- end }}
{{- end -}}

{{/* Ready and alive. A model may hold every core for a second, and a worker that is restarted for being busy only gets slower. */}}
{{- define "aiplatform.probes" -}}
readinessProbe:
  httpGet: {path: /health, port: http}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 3
livenessProbe:
  httpGet: {path: /alive, port: http}
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 6
{{- end -}}

{{- define "aiplatform.containerSecurity" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 1654
  allowPrivilegeEscalation: false
  capabilities: {drop: [ALL]}
{{- end -}}
