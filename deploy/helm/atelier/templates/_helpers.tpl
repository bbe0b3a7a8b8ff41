{{- define "atelier.name" -}}
{{- printf "%s-%s" .root.Release.Name .component | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "atelier.selector" -}}
app.kubernetes.io/name: atelier
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "atelier.labels" -}}
{{ include "atelier.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{/* A capability's values over those that all workers share. An own empty list goes before, too. */}}
{{- define "atelier.worker" -}}
{{- mergeOverwrite (deepCopy .root.Values.workers) (deepCopy .own) | toYaml -}}
{{- end -}}

{{- define "atelier.mutualTls" -}}
{{- $secret := .Values.tls.existingSecret -}}
{{- if ne (empty $secret.gateway) (empty $secret.workers) -}}
{{- fail "tls.existingSecret: gateway and workers belong together; name both, or none" -}}
{{- end -}}
{{- if $secret.gateway }}true{{ end -}}
{{- end -}}

{{- define "atelier.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "atelier.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "atelier.sharedEnv" -}}
{{- if .Values.settings }}
- {name: ATELIER_SETTINGS, value: /etc/atelier/settings/atelier.toml}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "atelier.sharedMounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if .Values.settings }}
- {name: settings, mountPath: /etc/atelier/settings, readOnly: true}
{{- end }}
{{- range .Values.secrets }}
- {name: {{ printf "secret-%s" .name | quote }}, mountPath: {{ .mountPath | quote }}, readOnly: true}
{{- end }}
{{- end -}}

{{- define "atelier.sharedVolumes" -}}
- name: tmp
  emptyDir: {}
{{- if .Values.settings }}
- name: settings
  configMap: {name: {{ .Release.Name }}-settings}
{{- end }}
{{- range .Values.secrets }}
- name: {{ printf "secret-%s" .name | quote }}
  secret: {secretName: {{ .name | quote }}, defaultMode: 0440}
{{- end }}
{{- end -}}

{{- define "atelier.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . | quote }}
{{- end }}
{{- end }}
{{- end -}}
