using AiPlatform.Gateway.Configuration;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Http;

/// <summary>The limits that the server enforces before any of our code runs.</summary>
internal static class GatewayLimits
{
    private const int MaxHeaderBytes = 32 * 1024;
    private const int MaxHeaders = 100;

    /// <summary>
    /// Most connections that wait until they are accepted. The system lowers it to its own limit (<c>net.core.somaxconn</c>, often 4,096).
    /// Beyond it Linux drops what asks for a connection, and the client asks again after a second. Kestrel's own 512 come in an instant
    /// where thousands of clients begin at once.
    /// </summary>
    private const int Backlog = 65_535;

    /// <summary>A client must send its headers within this time. Kestrel's minimum data rate limits the time of the body.</summary>
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(15);

    extension(WebApplicationBuilder builder)
    {
        /// <summary>Adds <see cref="GatewayOptions"/> and the server limits that follow from them.</summary>
        public void AddGatewayLimits()
        {
            builder.Services.AddOptionsWithValidateOnStart<GatewayOptions, GatewayOptionsValidator>()
                .BindConfiguration(GatewayOptions.SectionName)
                .Validate(
                    options => options.RequestTimeout <= options.MaxRequestTimeout,
                    "Gateway:RequestTimeout must not be longer than Gateway:MaxRequestTimeout.");

            builder.WebHost.UseSockets(sockets => sockets.Backlog = Backlog);
            builder.WebHost.ConfigureKestrel(kestrel =>
            {
                var options = kestrel.ApplicationServices.GetRequiredService<IOptions<GatewayOptions>>().Value;
                kestrel.AddServerHeader = false;
                kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
                kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
                kestrel.Limits.MaxRequestHeaderCount = MaxHeaders;
                kestrel.Limits.RequestHeadersTimeout = HeadersTimeout;
            });
        }
    }
}
