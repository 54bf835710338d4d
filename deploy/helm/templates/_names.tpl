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
# Until it first succeeds, the others are not asked: models may take minutes to load.
startupProbe:
  httpGet: {path: /alive, port: http}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 60
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

{{/* For every pod that does not run as Redis' user. */}}
{{- define "aiplatform.podSecurity" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 1654
  runAsGroup: 1654
  fsGroup: 1654
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* The programs write nothing but what .NET puts into /tmp. */}}
{{- define "aiplatform.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{/* Pods of one kind on different nodes, as far as there are nodes. Takes the root and the kind. */}}
{{- define "aiplatform.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        app.kubernetes.io/instance: {{ .root.Release.Name }}
        app.kubernetes.io/component: {{ .component }}
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        app.kubernetes.io/instance: {{ .root.Release.Name }}
        app.kubernetes.io/component: {{ .component }}
{{- end -}}
